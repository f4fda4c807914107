#include "tests/fictitious/courier_answers.h"

#include <map>
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

struct CourierError {
  std::string kind, text;
  std::map<std::int64_t, std::string> lines;  // from 1: what is wrong with this one
};

std::optional<CourierError> read_courier_error(const proto::JsonValue* error) {
  CourierError read{.kind = proto::text_member(error, "kind"), .text = proto::text_member(error, "text")};
  if (read.kind.empty()) return std::nullopt;
  const auto* items = proto::member(error, "items");
  if (items == nullptr || !items->IsArray()) return read;
  for (const auto& item : items->GetArray()) {
    const auto at = proto::integer_member(&item, "at");  // the first one is at 0
    if (at && *at >= 0) read.lines[*at + 1] = proto::text_member(&item, "text");
  }
  return read;
}

std::optional<CourierError> courier_error_in(std::string_view document, std::string_view member) {
  const auto parsed = ControlDocument::parse(document);
  return parsed ? read_courier_error(proto::object_member(&parsed->root(), member)) : std::nullopt;
}

ErrorClass courier_class(std::string_view kind) {
  if (kind == "bad_item" || kind == "bad_request" || kind == "too_big") return ErrorClass::invalid;
  if (kind == "unknown_model" || kind == "no_parcel") return ErrorClass::not_found;
  if (kind == "who_are_you" || kind == "unpaid" || kind == "forbidden") return ErrorClass::denied;
  if (kind == "slow_down") return ErrorClass::exhausted;
  if (kind == "overloaded") return ErrorClass::unavailable;
  if (kind == "courier_fell") return ErrorClass::internal;
  if (kind == "late") return ErrorClass::expired;
  if (kind == "recalled") return ErrorClass::cancelled;
  return ErrorClass::other;
}

core::RequestError courier_error(const CourierError& error, int status, std::string_view body) {
  return {.kind = courier_class(error.kind),
          .code = status,
          .status = error.kind,
          .message = proto::bounded_text(error.text, core::kProviderMessageBytesMax),
          .http_status = status,
          .body = body.size() <= core::kProviderErrorBytesMax ? std::string(body) : "",
          .source = core::ErrorSource::provider};
}

// Of a create. Whatever isn't surely a refusal is unclear.
Kind courier_create_kind(int status, const std::optional<CourierError>& error) {
  if (status == 413) return Kind::too_large;  // said by what stands before the provider, in its own words
  if (!error) return Kind::unclear;
  switch (status) {
    case 400:
      if (error->kind == "unknown_model") return Kind::model_missing;
      if (error->kind == "unpaid") return Kind::account;
      return error->lines.empty() ? Kind::refused : Kind::lines_refused;
    case 401:
    case 402:
    case 403:
      return Kind::account;
    case 429:
      return error->kind == "unpaid" ? Kind::account : Kind::throttled;
  }
  return Kind::unclear;
}

Kind courier_other_kind(int status, const std::optional<CourierError>& error) {
  if (status == 429) return error && error->kind == "unpaid" ? Kind::account : Kind::throttled;
  if (!error) return Kind::transient;
  switch (status) {
    case 400:
    case 422:
      return Kind::refused;
    case 401:
    case 402:
    case 403:
      return Kind::account;
    case 404:
      return error->kind == "no_parcel" ? Kind::missing : Kind::transient;
  }
  return Kind::transient;
}

class CourierLines final : public core::ResultLineReader {
 public:
  CourierLines() { line_.begin(); }
  void feed(std::string_view fragment) override { line_.feed(fragment); }

  ResultLine end_line() override {
    ResultLine line;
    line.key = wire_key_in(line_.at("ref"));
    if (line_.end() && line_.at("outcome").object() && outcome_.end()) read(line);
    line_.begin();
    return line;
  }

 private:
  void read(ResultLine& line) const {
    const auto kind = outcome_.at("kind").text();
    const auto& answer = outcome_.at("answer");
    if (kind == "done") {
      if (!answer.object()) return;
      line.kind = ResultLine::Kind::success;
      line.value_offset = line_.at("outcome").offset + answer.offset;
      line.value_bytes = answer.bytes;
      return;
    }
    CourierError error{.kind = kind, .text = "the request is " + kind};
    std::string body;
    if (kind == "spoiled") {
      const auto& fault = outcome_.at("fault");
      body = fault.object() && fault.whole() ? "{\"error\":" + fault.kept + "}" : "";
      error = courier_error_in(body, "error").value_or(CourierError{.text = "an error without words"});
    } else if (kind != "recalled" && kind != "late") {
      return;
    }
    line.kind = ResultLine::Kind::error;
    line.error = courier_error(error, 0, body);
  }

  LineMembers outcome_{{{.name = "kind"}, {.name = "answer"}, {.name = "fault"}}};
  LineMembers line_{{{.name = "ref"}, {.name = "outcome", .inside = &outcome_}}};
};

}  // namespace

core::Fault classify_courier(CourierCall call, const HttpEvent& event) {
  CHECK(event.kind != HttpEvent::Kind::begin);
  const bool create = call == CourierCall::create;
  const auto no_proof = create ? Kind::unclear : Kind::transient;
  if (event.kind != HttpEvent::Kind::answer) {
    const bool whole = event.kind == HttpEvent::Kind::no_answer;
    return {.kind = whole ? no_proof : Kind::not_sent, .message = event.detail};
  }
  Fault fault{.kind = no_proof, .status = event.status, .message = "HTTP " + std::to_string(event.status)};
  const bool success = is_success(event);
  const auto said = success ? std::nullopt : courier_error_in(event.body, "error");
  if (!success) fault.kind = create ? courier_create_kind(event.status, said) : courier_other_kind(event.status, said);
  // Half a document can't be accepted: an answer that came before the end of the call proves that nothing was made.
  if (event.early && fault.kind == no_proof) fault.kind = Kind::not_sent;
  if (!said) return fault;
  auto error = courier_error(*said, event.status, event.body);
  if (!said->text.empty()) fault.message = error.message;
  if (fault.kind != Kind::lines_refused) {
    fault.error = std::move(error);
    return fault;
  }
  for (const auto& [line, text] : said->lines)  // the body speaks of other requests, too
    fault.lines.push_back({line, courier_error({.kind = said->kind, .text = text}, event.status, "")});
  return fault;
}

bool is_parcel_name(std::string_view name) { return is_safe_name(name, "p-"); }

std::optional<Parcel> parse_parcel(const proto::JsonValue& parcel) {
  Parcel parsed;
  auto& job = parsed.job;
  job.name = proto::text_member(&parcel, "parcel");
  const auto items = proto::integer_member(&parcel, "items");
  if (!is_parcel_name(job.name) || !items) return std::nullopt;
  parsed.items = *items;
  if (const auto made = proto::integer_member(&parcel, "made")) job.created_at = core::WallTime(core::Duration(*made));
  const auto stage = proto::text_member(&parcel, "stage");
  job.running = stage == "on_its_way";
  if (stage != "over") return parsed;
  const auto verdict = proto::text_member(&parcel, "verdict");
  if (verdict == "delivered") job.end = core::JobEnd::succeeded;
  if (verdict == "recalled") job.end = core::JobEnd::cancelled;
  if (verdict == "late") job.end = core::JobEnd::expired;
  if (verdict == "lost") job.end = core::JobEnd::failed;
  if (!job.end) return parsed;
  if (job.end != core::JobEnd::failed) {
    job.results = {job.name};
    return parsed;
  }
  const auto why = read_courier_error(proto::object_member(&parcel, "why"));
  if (!why) return parsed;
  job.error = courier_error(*why, 0, "");
  const auto kind = job.error->kind;
  if (kind == ErrorClass::internal || kind == ErrorClass::unavailable) job.failed_for = core::FailedFor::trouble;
  if (kind == ErrorClass::exhausted) job.failed_for = core::FailedFor::too_much;
  if (kind == ErrorClass::not_found) job.failed_for = core::FailedFor::model;
  return parsed;
}

std::unique_ptr<core::ResultLineReader> courier_result_reader() { return std::make_unique<CourierLines>(); }

}  // namespace batchd::fictitious
