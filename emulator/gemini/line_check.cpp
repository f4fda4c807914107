#include "emulator/gemini/line_check.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "emulator/base/dom.h"
#include "emulator/dialect/errors.h"
#include "emulator/server/turns.h"

namespace batchd::emulator {
namespace {

void look_for(const Texts& sought, std::string_view prompt, Texts& found) {
  for (const auto& text : sought)
    if (prompt.find(text) != std::string_view::npos) found.insert(text);
}

// An error in a request of the body is reported as an error of the body.
std::string fault_in_body(std::uint64_t line, const std::string& why) {
  const auto where = "at 'batch.input_config.requests.requests[" + std::to_string(line - 1) + "].request'";
  constexpr std::string_view kField = "no such field: '";
  const auto at = why.find(kField);
  if (at == std::string::npos) return "Invalid value " + where + ": " + why;
  const auto name = why.substr(at + kField.size(), why.rfind('\'') - at - kField.size());
  return "Invalid JSON payload received. Unknown name \"" + name + "\" " + where + ": Cannot find field.";
}

// What is wrong with one line.
struct Complaint {
  std::string words;
  int status = 400;
  std::string grpc = "INVALID_ARGUMENT";
  std::string details = {};
  bool named = true;  // the refusal says which line it is

  bool same_kind(const Complaint& other) const {
    return status == other.status && grpc == other.grpc && named == other.named;
  }
};

// The answer to a create, from the complaints about its lines in their order.
class RefusalText {
 public:
  RefusalText(bool from_body, double named_max) : from_body_(from_body), named_max_(named_max) {}

  bool empty() const { return !first_ && !whole_; }

  void add(std::uint64_t line, const Complaint& complaint) {
    if (whole_ || (first_ && (!complaint.same_kind(*first_) || !complaint.named))) return;
    if (!first_) first_ = complaint;
    if (static_cast<double>(++named_) > named_max_) return;
    if (!words_.empty()) words_ += '\n';
    words_ += from_body_ ? fault_in_body(line, complaint.words)
                         : "Error on line " + std::to_string(line) + ": " + complaint.words;
  }

  void add(Response whole) {
    if (empty()) whole_ = std::move(whole);
  }

  std::optional<Response> answer() const {
    if (!first_) return whole_;
    const auto& words = !first_->named ? first_->words : named_max_ < 1 ? unnamed() : words_;
    return error_as(first_->grpc, first_->status, words, first_->details);
  }

 private:
  std::string unnamed() const { return std::string(usual_message(first_->status)); }

  bool from_body_;
  double named_max_;
  std::optional<Complaint> first_;
  std::optional<Response> whole_;
  std::string words_;
  std::size_t named_ = 0;
};

// Goes through the lines of one input.
class Checker {
 public:
  Checker(InputCheck what, const Switches& switches)
      : what_(std::move(what)),
        blank_refused_(switches.is(Switch::blank_lines, "refused")),
        keyless_refused_(!what_.from_body && switches.is(Switch::missing_keys, "refused")),
        duplicates_refused_(!what_.from_body && switches.is(Switch::duplicate_keys, "refused")),
        refusal_(what_.from_body, switches.number(Switch::named_lines)) {}

  void take(std::string_view line, std::uint64_t number) {
    if (blank(line)) {
      if (blank_refused_) refusal_.add(number, {.words = "invalid JSON, near column 1: a blank line"});
      return;
    }
    ++checked_.lines;
    InputLine parsed;
    parsed.from_body = what_.from_body;
    auto why = read_line(line, what_.work, parsed);
    if (why.empty()) why = key_fault(parsed);
    if (auto by_content = refused_content(line, number, parsed)) {
      refusal_.add(number, *by_content);
    } else if (!why.empty()) {
      refusal_.add(number, {.words = why});
    } else {
      follow_references(line);
    }
    if (what_.roster && refusal_.empty()) what_.roster->add(parsed);
    checked_.characters += parsed.prompt.characters;
    if (checked_.any_key.empty()) checked_.any_key = parsed.key;
    look_for(what_.sought, parsed.prompt.text, checked_.found);
  }

  Checked result() {
    checked_.refusal = refusal_.answer();
    return std::move(checked_);
  }

 private:
  std::string key_fault(const InputLine& line) {
    if (keyless_refused_ && !line.has_key) return "missing field: 'key'";
    if (!duplicates_refused_ || !line.has_key) return {};
    return keys_.insert(std::hash<std::string>()(line.key)).second ? "" : "duplicate key: '" + line.key + "'";
  }

  std::optional<Complaint> refused_content(std::string_view line, std::uint64_t number, const InputLine& parsed) const {
    if (what_.refusals.empty()) return std::nullopt;
    Document document;
    DomFault fault;
    if (!parse(line, document, fault)) document.SetNull();
    for (const auto& refusal : what_.refusals) {
      std::string name;
      if (!concerns(refusal, line, parsed.prompt.text, document, name)) continue;
      const auto grpc = refusal.grpc.empty() ? std::string(status_name(refusal.status)) : refusal.grpc;
      return Complaint{words_for(refusal, parsed.prompt.text, name, number), refusal.status, grpc, refusal.details,
                       refusal.named};
    }
    return std::nullopt;
  }

  void follow_references(std::string_view line) {
    Document document;
    DomFault fault;
    if (!what_.references || !refusal_.empty() || !parse(line, document, fault)) return;
    if (auto refused = what_.references->refusal(document)) refusal_.add(std::move(*refused));
  }

  InputCheck what_;
  bool blank_refused_;
  bool keyless_refused_;
  bool duplicates_refused_;
  RefusalText refusal_;
  Checked checked_;
  std::unordered_set<std::size_t> keys_;  // hashes only, so that a hundred thousand keys need little memory
};

}  // namespace

Task<Checked> check_lines(const Blob& input, InputCheck what, const Switches& switches) {
  Checker checker(std::move(what), switches);
  Turns turns;
  LineReader reader(input);
  for (std::string line; reader.next(line);) {
    checker.take(line, reader.line_number());
    co_await turns.spend(line.size());
  }
  co_return checker.result();
}

}  // namespace batchd::emulator
