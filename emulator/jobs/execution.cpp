#include "emulator/jobs/execution.h"

#include <charconv>

#include "emulator/dialect/answers.h"
#include "emulator/dialect/errors.h"

namespace batchd::emulator {

LineOutcome Execution::run(std::string_view line, const LineOwner& owner) {
  InputLine input = fresh(owner);
  LineOutcome outcome;
  const auto work = work_of(owner.model);
  const auto refusal = read_line(line, work, input);
  const auto digest = input.prompt.sha256();
  if (!refusal.empty() || !input.prompt.has_contents) {
    const auto message = refusal.empty() ? without_contents(work) : std::string_view(refusal);
    outcome = {{error_line(input, 3, message, false)}, false, Billed::not_billed, Delivered::error};
  } else {
    const bool first_attempt = first_time(digest);
    const auto fault = faults_.next(On::line, {.first_attempt = first_attempt, .prompt = input.prompt.text});
    outcome = {{result_line(input, "response", response_json(input.prompt, owner.model))}, true};
    if (fault) {
      damage(*fault, input, owner.model, owner.foreign_key, outcome);
      ledger_.fault(On::line, *fault, {{"job", owner.job}, {"key", input.key}, {"prompt_sha256", digest}});
    }
  }
  if (owner.undelivered) {
    outcome.delivered = Delivered::nothing;
    if (outcome.billed == Billed::billed) outcome.billed = Billed::withheld;
  }
  outcome.billed = booked(outcome.billed);
  ledger_.line(owner.job, input.key, digest, outcome.billed, outcome.delivered);
  return outcome;
}

LineOutcome Execution::leave_out(std::string_view line, const LineOwner& owner) {
  InputLine input = fresh(owner);
  read_line(line, work_of(owner.model), input);
  const auto delivered = owner.undelivered ? Delivered::nothing : Delivered::error;
  ledger_.line(owner.job, input.key, input.prompt.sha256(), Billed::not_billed, delivered);
  return {{error_line(input, 13, usual_message(500), false)}, false, Billed::not_billed, delivered};
}

void Execution::book_unexecuted(std::string_view line, const LineOwner& owner) {
  InputLine input = fresh(owner);
  read_line(line, work_of(owner.model), input);
  ledger_.line(owner.job, input.key, input.prompt.sha256(), Billed::not_billed, Delivered::nothing);
}

InputLine Execution::fresh(const LineOwner& owner) const {
  using Failure = ResultForm::Failure;
  InputLine input;
  input.from_body = owner.from_body;
  input.form.inlined = owner.inlined;
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

}  // namespace batchd::emulator
