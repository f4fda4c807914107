#include "tests/fictitious/depot_answers.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/limits.h"
#include "tests/fictitious/dialogue.h"
#include "tests/fictitious/line_members.h"

namespace batchd::fictitious {
namespace {

using core::ErrorClass;
using core::Fault;
using core::HttpEvent;
using core::ResultLine;
using Kind = core::Fault::Kind;
using proto::ControlDocument;

struct DepotFault {
  std::string code, text;
  std::int64_t line = 0;
};

std::optional<DepotFault> read_depot_fault(const proto::JsonValue* fault) {
  DepotFault read{.code = proto::text_member(fault, "code"), .text = proto::text_member(fault, "text")};
  if (read.code.empty()) return std::nullopt;
  read.line = proto::integer_member(fault, "line").value_or(0);
  return read;
}

std::optional<DepotFault> depot_fault_in(std::string_view document) {
  const auto parsed = ControlDocument::parse(document);
  return parsed ? read_depot_fault(proto::object_member(&parsed->root(), "fault")) : std::nullopt;
}

ErrorClass depot_class(std::string_view code, int status) {
  if (code == "bad_line" || code == "bad_value") return ErrorClass::invalid;
  if (code == "no_model" || code == "no_crate") return ErrorClass::not_found;
  if (code == "wrong_key" || code == "no_credit") return ErrorClass::denied;
  if (code == "queue_full" || code == "slow_down") return ErrorClass::exhausted;
  if (code == "overloaded") return ErrorClass::unavailable;
  if (code == "our_fault") return ErrorClass::internal;
  if (code == "out_of_time") return ErrorClass::expired;
  if (code == "stopped") return ErrorClass::cancelled;
  return status >= 500 ? ErrorClass::internal : ErrorClass::other;
}

core::RequestError depot_error(const DepotFault& fault, int status, std::string_view body) {
  return {.kind = depot_class(fault.code, status),
          .code = status,
          .status = fault.code,
          .message = proto::bounded_text(fault.text, core::kProviderMessageBytesMax),
          .http_status = status,
          .body = body.size() <= core::kProviderErrorBytesMax ? std::string(body) : "",
          .source = core::ErrorSource::provider};
}

// Of a create. Whatever isn't surely a refusal is unclear.
Kind depot_create_kind(int status, const std::optional<DepotFault>& fault) {
  if (status == 413) return Kind::too_large;  // said by what stands before the provider, in its own words
  if (!fault) return Kind::unclear;
  switch (status) {
    case 400:
    case 422:
      if (fault->code == "no_crate") return Kind::file_gone;
      if (fault->code == "no_model") return Kind::model_missing;
      return fault->code == "no_credit" ? Kind::account : Kind::refused;
    case 401:
    case 402:
    case 403:
      return Kind::account;
    case 404:
      if (fault->code == "no_crate") return Kind::file_gone;
      return fault->code == "no_model" ? Kind::model_missing : Kind::unclear;
    case 429:
      return fault->code == "no_credit" ? Kind::account : Kind::throttled;
  }
  return Kind::unclear;
}

Kind depot_other_kind(int status, const std::optional<DepotFault>& fault) {
  if (status == 413) return Kind::too_large;
  if (status == 429) return fault && fault->code == "no_credit" ? Kind::account : Kind::throttled;
  if (!fault) return Kind::transient;
  switch (status) {
    case 400:
    case 422:
      return Kind::refused;
    case 401:
    case 402:
    case 403:
      return Kind::account;
    case 404:
      return fault->code == "no_crate" || fault->code == "no_run" || fault->code == "no_model" ? Kind::missing
                                                                                               : Kind::transient;
  }
  return Kind::transient;
}

// Depot says in whole seconds when it may be asked again.
std::optional<core::Duration> seconds_to_wait(const HttpEvent& event) {
  const auto text = event.header("Retry-After");
  if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return std::chrono::seconds(std::stoi(std::string(text)));
}

core::FailedFor depot_failed_for(std::string_view code) {
  if (code == "queue_full") return core::FailedFor::too_much;
  if (code == "no_crate") return core::FailedFor::no_input;
  if (code == "no_model") return core::FailedFor::model;
  if (code == "our_fault") return core::FailedFor::trouble;
  return core::FailedFor::refused;
}

void read_faults(const proto::JsonValue& run, core::JobView& job) {
  const auto* faults = proto::member(&run, "faults");
  if (faults == nullptr || !faults->IsArray()) return;
  for (const auto& each : faults->GetArray()) {
    const auto fault = read_depot_fault(&each);
    if (!fault) continue;
    auto error = depot_error(*fault, 0, "");
    if (fault->line > 0) {  // words about one request alone
      job.refused.push_back({fault->line, std::move(error)});
    } else if (!job.error) {
      job.failed_for = depot_failed_for(fault->code);
      job.error = std::move(error);
    }
  }
  if (job.refused.empty()) return;
  job.failed_for = core::FailedFor::lines;
  std::ranges::stable_sort(job.refused, {}, &core::LineRefusal::line);
  const auto same_line = [](const auto& a, const auto& b) { return a.line == b.line; };
  job.refused.erase(std::unique(job.refused.begin(), job.refused.end(), same_line), job.refused.end());
}

class DepotLines final : public core::ResultLineReader {
 public:
  DepotLines() { line_.begin(); }
  void feed(std::string_view fragment) override { line_.feed(fragment); }

  ResultLine end_line() override {
    ResultLine line;
    line.key = wire_key_in(line_.at("slip"));
    if (line_.end()) read(line);
    line_.begin();
    return line;
  }

 private:
  // Exactly one of reply and trouble counts; any other line stays unreadable.
  void read(ResultLine& line) {
    const auto& reply = line_.at("reply");
    const auto& trouble = line_.at("trouble");
    if (reply.times > 1 || trouble.times > 1 || reply.object() == trouble.object()) return;
    if (trouble.object()) return fail(line, 0, trouble.whole() ? "{\"fault\":" + trouble.kept + "}" : "");
    const auto status = reply_.at("code").number();
    const auto& content = reply_.at("content");
    if (!reply_.end() || !status || !content.object()) return;
    if (*status < 200 || *status > 299)
      return fail(line, static_cast<int>(*status), content.whole() ? content.kept : "");
    line.kind = ResultLine::Kind::success;
    line.value_offset = reply.offset + content.offset;
    line.value_bytes = content.bytes;
    const auto spent = ControlDocument::parse(content_.at("spent").kept);
    if (spent) line.prompt_tokens = proto::integer_member(&spent->root(), "in");
  }

  static void fail(ResultLine& line, int status, const std::string& body) {
    line.kind = ResultLine::Kind::error;
    const auto fault = depot_fault_in(body);
    line.error = depot_error(fault.value_or(DepotFault{.text = "an error without words"}), status, body);
  }

  LineMembers content_{{{.name = "spent"}}};
  LineMembers reply_{{{.name = "code"}, {.name = "content", .inside = &content_}}};
  LineMembers line_{{{.name = "slip"}, {.name = "reply", .inside = &reply_}, {.name = "trouble"}}};
};

}  // namespace

core::Fault classify_depot(DepotCall call, const HttpEvent& event) {
  CHECK(event.kind != HttpEvent::Kind::begin);
  const bool create = call == DepotCall::create;
  const auto no_proof = create ? Kind::unclear : Kind::transient;
  if (event.kind != HttpEvent::Kind::answer) {
    const bool whole = event.kind == HttpEvent::Kind::no_answer;
    return {.kind = whole ? no_proof : Kind::not_sent, .message = event.detail};
  }
  Fault fault{.kind = no_proof, .status = event.status, .message = "HTTP " + std::to_string(event.status)};
  fault.retry_after = seconds_to_wait(event);
  const bool success = is_success(event);
  const auto said = success ? std::nullopt : depot_fault_in(event.body);
  if (!success) fault.kind = create ? depot_create_kind(event.status, said) : depot_other_kind(event.status, said);
  // An answer that came before the end of the call says nothing about its effect: it can't have had one.
  if (event.early && fault.kind == no_proof) fault.kind = Kind::not_sent;
  if (!said) return fault;
  fault.error = depot_error(*said, event.status, event.body);
  if (!fault.error->message.empty()) fault.message = fault.error->message;
  return fault;
}

bool is_run_name(std::string_view name) { return is_safe_name(name, "run_"); }
bool is_crate_name(std::string_view name) { return is_safe_name(name, "crate-"); }

std::optional<core::JobView> parse_run(const proto::JsonValue& run) {
  core::JobView job;
  job.name = proto::text_member(&run, "run");
  if (!is_run_name(job.name)) return std::nullopt;
  job.tag = proto::text_member(&run, "note");
  job.input_file = proto::text_member(&run, "crate");
  if (const auto made = proto::integer_member(&run, "made"))
    job.created_at = core::WallTime(std::chrono::seconds(*made));
  const auto state = proto::text_member(&run, "state");
  job.running = state == "working";
  if (state == "finished") job.end = core::JobEnd::succeeded;
  if (state == "failed") job.end = core::JobEnd::failed;
  if (state == "stopped") job.end = core::JobEnd::cancelled;
  if (state == "out_of_time") job.end = core::JobEnd::expired;
  if (!job.end) return job;
  if (job.end == core::JobEnd::failed) read_faults(run, job);
  for (const auto* which : {"good", "bad"})
    if (auto crate = proto::text_member(&run, which); is_crate_name(crate)) job.results.push_back(std::move(crate));
  return job;
}

std::unique_ptr<core::ResultLineReader> depot_result_reader() { return std::make_unique<DepotLines>(); }

}  // namespace batchd::fictitious
