#include "emulator/gemini/create_order.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "emulator/base/dom.h"
#include "emulator/dialect/errors.h"
#include "emulator/server/turns.h"

namespace batchd::emulator {
namespace {

constexpr std::size_t kErrorsMax = 100;  // line errors that one answer names

constexpr std::string_view kBatchFields[] = {"model",        "name",          "displayName",
                                             "display_name", "inputConfig",   "input_config",
                                             "priority",     "webhookConfig", "webhook_config"};

std::optional<Response> check_fields(const Value& batch) {
  for (const auto& entry : batch.GetObject()) {
    const auto name = text(entry.name);
    if (std::ranges::find(kBatchFields, name) != std::ranges::end(kBatchFields)) continue;
    return not_json("Unknown name \"" + std::string(name) + "\" at 'batch': Cannot find field.");
  }
  return std::nullopt;
}

Response not_specified(Work work, const std::string& field) {
  const std::string message = work == Work::embedding ? "AsyncBatchEmbedContentRequest" : "BatchGenerateContentRequest";
  return google_error(400, "* " + message + "." + field + "\n");
}

// Turns the requests of a body into lines, as if they came from a file; they have metadata where a file's lines have a
// key.
std::optional<Response> read_inlined(const Value& config, Work work, Order& order) {
  const auto* requests = member(config, "requests");
  if (!requests || !requests->IsArray() || requests->Empty()) {
    return not_specified(work, "batch.input_config.requests: requests is not specified");
  }
  auto lines = std::make_shared<Blob>();
  for (const auto& item : requests->GetArray()) {
    const auto* request = member(item, "request");
    const auto* metadata = member(item, "metadata");
    lines->append("{\"request\":" + (request ? to_json(*request) : "{}"));
    if (metadata) lines->append(",\"metadata\":" + to_json(*metadata));
    lines->append("}\n");
  }
  order.inlined = std::move(lines);
  return std::nullopt;
}

void look_for(const Texts& sought, std::string_view prompt, Texts& found) {
  for (const auto& text : sought)
    if (prompt.find(text) != std::string_view::npos) found.insert(text);
}

// An error in a request of the body is reported as an error of the body.
std::string inlined_fault(std::uint64_t line, const std::string& why) {
  const auto where = "at 'batch.input_config.requests.requests[" + std::to_string(line - 1) + "].request'";
  constexpr std::string_view kField = "no such field: '";
  const auto at = why.find(kField);
  if (at == std::string::npos) return "Invalid value " + where + ": " + why;
  const auto name = why.substr(at + kField.size(), why.rfind('\'') - at - kField.size());
  return "Invalid JSON payload received. Unknown name \"" + name + "\" " + where + ": Cannot find field.";
}

// Goes through the lines of one input.
class Checker {
 public:
  Checker(InputKind kind, const Switches& switches, Texts sought, Roster* roster)
      : work_(kind.work),
        inlined_(kind.inlined),
        blank_refused_(switches.is(Switch::blank_lines, "refused")),
        keyless_refused_(!inlined_ && switches.is(Switch::missing_keys, "refused")),
        duplicates_refused_(!inlined_ && switches.is(Switch::duplicate_keys, "refused")),
        sought_(std::move(sought)),
        roster_(roster) {}

  void take(std::string_view line, std::uint64_t number) {
    if (blank(line)) {
      if (blank_refused_) complain(number, "invalid JSON, near column 1: a blank line");
      return;
    }
    ++checked_.lines;
    InputLine parsed;
    parsed.form.inlined = inlined_;
    auto why = read_line(line, work_, parsed);
    if (why.empty()) why = key_fault(parsed);
    if (!why.empty()) complain(number, why);
    if (roster_ && why.empty()) roster_->add(parsed);
    checked_.characters += parsed.prompt.characters;
    if (checked_.any_key.empty()) checked_.any_key = parsed.key;
    look_for(sought_, parsed.prompt.text, checked_.found);
  }

  Checked result() { return std::move(checked_); }

 private:
  std::string key_fault(const InputLine& line) {
    if (keyless_refused_ && !line.has_key) return "missing field: 'key'";
    if (!duplicates_refused_ || !line.has_key) return {};
    return keys_.insert(std::hash<std::string>()(line.key)).second ? "" : "duplicate key: '" + line.key + "'";
  }

  void complain(std::uint64_t number, const std::string& why) {
    if (++errors_ > kErrorsMax) return;
    if (!checked_.errors.empty()) checked_.errors += '\n';
    checked_.errors += inlined_ ? inlined_fault(number, why) : "Error on line " + std::to_string(number) + ": " + why;
  }

  Work work_;
  bool inlined_;
  bool blank_refused_;
  bool keyless_refused_;
  bool duplicates_refused_;
  Texts sought_;
  Roster* roster_;
  Checked checked_;
  std::size_t errors_ = 0;
  std::unordered_set<std::size_t> keys_;  // hashes only, so that a hundred thousand keys need little memory
};

}  // namespace

Work work_asked(const Route& route) {
  return route.method == "asyncBatchEmbedContent" ? Work::embedding : Work::content;
}

std::optional<Response> read_order(std::string_view body, Work work, Order& order) {
  Document document;
  DomFault fault;
  if (!parse(body, document, fault)) return not_json(fault.what);
  const auto* batch = member(document, "batch");
  if (!batch || !batch->IsObject()) return not_specified(work, "batch: batch is not specified");
  if (auto unknown = check_fields(*batch)) return unknown;
  order.display_name = text(*batch, "displayName", "display_name");
  if (const auto* priority = member(*batch, "priority")) {
    order.priority = priority->IsString() ? std::string(text(*priority)) : to_json(*priority);
  }
  const auto* input = member(*batch, "inputConfig", "input_config");
  if (!input) return not_specified(work, "batch.input_config: input_config is not specified");
  const auto* file = member(*input, "fileName", "file_name");
  const auto* requests = member(*input, "requests");
  if (file && requests) {
    return not_json("Invalid value at 'batch.input_config' (oneof), oneof field 'source' is already set.");
  }
  if (requests) return read_inlined(*requests, work, order);
  const auto name = text(*input, "fileName", "file_name");
  const auto at = name.rfind("files/");
  if (at == std::string_view::npos) return not_specified(work, "batch.input_config.file_name: invalid file name");
  order.file_id = name.substr(at + 6);
  return std::nullopt;
}

Task<Checked> check_lines(const Blob& input, InputKind kind, const Switches& switches, Texts sought, Roster* roster) {
  Checker checker(kind, switches, std::move(sought), roster);
  Turns turns;
  LineReader reader(input);
  for (std::string line; reader.next(line);) {
    checker.take(line, reader.line_number());
    co_await turns.spend(line.size());
  }
  co_return checker.result();
}

}  // namespace batchd::emulator
