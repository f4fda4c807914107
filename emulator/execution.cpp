#include "emulator/execution.h"

#include <charconv>

#include "emulator/answers.h"
#include "emulator/errors.h"

namespace batchd::emulator {
namespace {

std::string error_line(const InputLine& input, int code, std::string_view message, bool as_status) {
  return result_line(input, as_status ? "status" : "error", status_json(code, message));
}

std::string with_key(InputLine input, std::string_view key, std::string_view model) {
  input.has_key = true;
  input.key = key;
  return result_line(input, "response", response_json(input.prompt, model));
}

}  // namespace

LineOutcome Execution::run(std::string_view line, std::string_view job, std::string_view model,
                           std::string_view foreign_key, bool inlined) {
  InputLine input = fresh(inlined);
  Billed billed = Billed::billed;
  LineOutcome outcome;
  const auto work = work_of(model);
  const auto refusal = read_line(line, work, input);
  if (!refusal.empty() || !input.prompt.has_contents) {
    const auto message = refusal.empty() ? without_contents(work) : std::string_view(refusal);
    outcome.lines.push_back(error_line(input, 3, message, false));
    billed = Billed::not_billed;
  } else {
    const auto digest = input.prompt.sha256();
    const bool first_attempt = first_time(digest);
    const auto fault = faults_.next(On::line, {.first_attempt = first_attempt, .prompt = input.prompt.text});
    outcome = deliver(input, model, fault ? &*fault : nullptr, foreign_key, billed);
    if (fault) {
      ledger_.write("fault", {{"on", "line"}, {"do", do_text(fault->action)}, {"job", job}, {"key", input.key}});
    }
  }
  ledger_.line(job, input.key, input.prompt.sha256(), booked(billed));
  return outcome;
}

void Execution::book_unexecuted(std::string_view line, std::string_view job, std::string_view model, bool inlined) {
  InputLine input = fresh(inlined);
  read_line(line, work_of(model), input);
  ledger_.line(job, input.key, input.prompt.sha256(), Billed::not_billed);
}

InputLine Execution::fresh(bool inlined) const {
  using Failure = ResultForm::Failure;
  InputLine input;
  input.form.inlined = inlined;
  if (switches_.is(Switch::line_failure, "status")) input.form.failure = Failure::status;
  if (switches_.is(Switch::line_failure, "status-text")) input.form.failure = Failure::status_text;
  return input;
}

bool Execution::first_time(std::string_view digest) {
  std::uint64_t beginning = 0;
  std::from_chars(digest.data(), digest.data() + 16, beginning, 16);
  return executed_.insert(beginning).second;
}

Billed Execution::booked(Billed billed) const {
  if (billed != Billed::withheld) return billed;
  if (switches_.is(Switch::missing_lines, "billed")) return Billed::billed;
  return switches_.is(Switch::missing_lines, "not-billed") ? Billed::not_billed : billed;
}

LineOutcome Execution::deliver(const InputLine& input, std::string_view model, const Rule* fault,
                               std::string_view foreign_key, Billed& billed) const {
  LineOutcome outcome{{result_line(input, "response", response_json(input.prompt, model))}, true};
  if (!fault) return outcome;
  auto& lines = outcome.lines;
  switch (fault->action) {
    case Do::missing:
      lines.clear();
      billed = Billed::withheld;
      break;
    case Do::duplicate:
      lines.push_back(lines.front());
      break;
    case Do::foreign:
      lines.push_back(with_key(input, "nobody-" + input.prompt.sha256().substr(0, 12), model));
      break;
    case Do::swap_foreign_batch:
      lines.push_back(with_key(input, foreign_key, model));
      break;
    case Do::no_key: {
      InputLine nameless = input;
      nameless.has_key = false;
      lines.front() = result_line(nameless, "response", response_json(input.prompt, model));
      billed = Billed::withheld;
      break;
    }
    case Do::garbage:
      lines.front().resize(lines.front().size() / 2);
      billed = Billed::withheld;
      break;
    case Do::error:
      lines.front() =
          error_line(input, fault->code, fault->message.empty() ? usual_message(500) : std::string_view(fault->message),
                     fault->as_status);
      billed = Billed::not_billed;
      outcome.success = false;
      break;
    case Do::block:
      lines.front() = result_line(input, "response", blocked_json(input.prompt, model));
      break;
    case Do::status:
    case Do::reset_before:
    case Do::reset_after:
    case Do::withhold:
    case Do::status_after:
    case Do::truncate:
    case Do::delay:
    case Do::invalid_key:
    case Do::shuffle:
    case Do::expire:
    case Do::fail:
    case Do::succeed_without_output_polls:
    case Do::stuck:
    case Do::ignore_cancel:
    case Do::cancel_partly:
      break;  // the fault file's reader lets no such rule watch lines
  }
  return outcome;
}

}  // namespace batchd::emulator
