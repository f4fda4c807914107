#include "proto/gemini/classify.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/limits.h"
#include "proto/control_document.h"
#include "proto/gemini/account_reasons.h"
#include "proto/gemini/error.h"
#include "proto/gemini/line_words.h"
#include "proto/gemini/retry_after.h"
#include "proto/gemini/status.h"

namespace batchd::proto {
namespace {

using core::Fault;
using core::HttpEvent;
using Kind = core::Fault::Kind;

constexpr std::size_t kStatusWordBytesMax = 64;
constexpr int kInvalidArgument = 3;  // google.rpc.Code
// What those are told whose lines weren't named: the message itself speaks of other requests.
constexpr std::string_view kLinesRefused = "the provider refused the batch for some of its lines";

// An unsuccessful answer, reduced to what its meaning depends on.
struct Answer {
  int status;  // HTTP status; for an error inside a 2xx, the error's own code
  const std::optional<ProviderError>& error;

  bool has_status(std::string_view word) const { return error && error->status == word; }
  // True for a refusal that is surely about the key, the project or the service.
  bool is_account_trouble() const {
    return error && (status == 400 || status == 403 || status == 404) && blames_account(*error);
  }
};

// A 2xx that answers a create call with an error is a refusal only if nothing indicates a job: the error's code and
// status agree, and no operation is named.
bool surely_refused(const ProviderError& error) {
  if (error.names_thing) return false;
  return (error.code == 400 && (error.status == "INVALID_ARGUMENT" || error.status == "FAILED_PRECONDITION")) ||
         (error.code == 401 && error.status == "UNAUTHENTICATED") ||
         (error.code == 403 && error.status == "PERMISSION_DENIED") ||
         (error.code == 404 && error.status == "NOT_FOUND");
}

Kind create_400(const Answer& answer) {
  if (answer.has_status("FAILED_PRECONDITION")) return Kind::unexplained;
  if (!answer.has_status("INVALID_ARGUMENT")) return Kind::unclear;
  return named_lines(answer.error->message).empty() ? Kind::refused : Kind::lines_refused;
}

// A 403, a 404 and a FAILED_PRECONDITION are said of the input file, of the model, of a file or a cache that a request
// names, and of the project ("User location is not supported", "Please enable billing"): only asking can tell.
Kind create_kind(const Answer& answer) {
  if (answer.is_account_trouble()) return Kind::account;
  switch (answer.status) {
    case 400:
      return create_400(answer);
    case 401:
      return Kind::account;
    case 403:
    case 404:
      return answer.error ? Kind::unexplained : Kind::unclear;
    case 413:
      return Kind::too_large;
    case 429:
      return answer.error && !answer.error->names_thing ? Kind::throttled : Kind::unclear;
  }
  return Kind::unclear;
}

bool is_upload(CallKind call) { return call == CallKind::upload_start || call == CallKind::upload_data; }

// True for calls on something that has a name, for which "no such thing" is a meaningful answer.
bool is_about_a_thing(CallKind call) {
  return call == CallKind::poll || call == CallKind::results || call == CallKind::cancel ||
         call == CallKind::check_file || call == CallKind::remove_file || call == CallKind::check_model ||
         call == CallKind::check_reference;
}

Kind other_400(CallKind call, const Answer& answer, bool upload_over) {
  if (!answer.error) {
    // Plain text comes from an upload's front end that was given a wrong offset; a `query` will show the right one.
    return upload_over ? Kind::refused : Kind::transient;
  }
  // The words of a bad key are believed here: but for upload_data, these calls carry nothing that a request says.
  if (call != CallKind::upload_data && sounds_like_bad_key(*answer.error)) return Kind::account;
  if (answer.has_status("FAILED_PRECONDITION")) return Kind::account;
  if (is_upload(call) && answer.has_status("ALREADY_EXISTS")) return Kind::name_taken;
  // Nothing but its words tells a refused MIME type ("Unsupported MIME type: jsonl") from other refusals, so the other
  // types are tried after any of them.
  if (is_upload(call) && answer.has_status("INVALID_ARGUMENT")) return Kind::variant_refused;
  return Kind::refused;
}

// A 403 for something that has a name is looked into before it comes here (is_forbidden).
Kind other_kind(CallKind call, const Answer& answer, bool upload_over) {
  if (answer.is_account_trouble()) return Kind::account;
  switch (answer.status) {
    case 400:
      return other_400(call, answer, upload_over);
    case 401:
      return Kind::account;
    case 403:
      return answer.error ? Kind::account : Kind::transient;
    case 404:
      if (call == CallKind::upload_data) return Kind::upload_gone;
      return is_about_a_thing(call) && answer.error ? Kind::missing : Kind::transient;
    case 409:
      return is_upload(call) ? Kind::name_taken : Kind::transient;
    case 410:
      return call == CallKind::upload_data ? Kind::upload_gone : Kind::transient;
    case 413:
      return Kind::too_large;
    case 422:
      return answer.error ? Kind::refused : Kind::transient;
    case 429:
      return Kind::throttled;
  }
  return Kind::transient;
}

std::string status_word(const ProviderError& error) { return bounded_text(error.status, kStatusWordBytesMax); }

std::string words(const HttpEvent& event, const std::optional<ProviderError>& error) {
  if (event.kind != HttpEvent::Kind::answer) return bounded_text(event.detail, core::kProviderMessageBytesMax);
  if (error && !error->message.empty()) return bounded_text(error->message, core::kProviderMessageBytesMax);
  return "HTTP " + std::to_string(event.status) + (error ? " " + status_word(*error) : ", not in the provider's form");
}

// Returns the google.rpc.Code that the requests' owners are told; nullopt if the fault is no refusal.
std::optional<int> code_to_tell(Kind kind, const ProviderError& error) {
  switch (kind) {
    case Kind::lines_refused:
    case Kind::refused:
    case Kind::too_large:
    case Kind::variant_refused:
      return kInvalidArgument;
    case Kind::throttled:
    case Kind::account:
    case Kind::unexplained:
      return grpc_code(error.status);
    case Kind::not_sent:
    case Kind::unclear:
    case Kind::transient:
    case Kind::name_taken:
    case Kind::upload_gone:
    case Kind::missing:
    case Kind::model_missing:  // these two are no answer of this provider
    case Kind::file_gone:
      break;
  }
  return std::nullopt;
}

// Sets what the requests' owners are told of a refusal, as a whole and of each line that it names. Neither has a place
// in the input file, which is batchd's own.
void tell(Fault& fault, const Answer& answer, std::string_view body) {
  const auto code = code_to_tell(fault.kind, *answer.error);
  if (!code) return;
  const bool lines = fault.kind == Kind::lines_refused;
  const auto words = lines ? std::string(kLinesRefused) : without_places(fault.message);
  // The body would show what was cut out of the words; with lines it quotes the requests of all owners.
  auto told = rpc_error(*code, words, words == fault.message ? body : std::string_view());
  if (*code == 0) told.status = status_word(*answer.error);
  told.http_status = answer.status;
  if (lines) {
    for (auto& [line, said] : named_lines(answer.error->message)) {
      auto error = rpc_error(*code, said, {});
      error.http_status = answer.status;
      fault.lines.push_back({.line = line, .error = std::move(error)});
    }
  }
  fault.error = std::move(told);
}

}  // namespace

Kind unproven(CallKind call, const HttpEvent& event) {
  const bool create = call == CallKind::create;
  switch (event.kind) {
    case HttpEvent::Kind::not_sent:
      return Kind::not_sent;
    case HttpEvent::Kind::not_whole:
      return create ? Kind::not_sent : Kind::transient;
    case HttpEvent::Kind::answer:
      if (create && event.early) return Kind::not_sent;
      break;
    case HttpEvent::Kind::begin:
    case HttpEvent::Kind::no_answer:
      break;
  }
  return create ? Kind::unclear : Kind::transient;
}

core::Fault classify(CallKind call, const HttpEvent& event) {
  CHECK(event.kind != HttpEvent::Kind::begin);
  const bool create = call == CallKind::create;
  const bool answered = event.kind == HttpEvent::Kind::answer;
  const auto error = answered ? parse_error(event.body) : std::nullopt;
  Fault fault{.kind = unproven(call, event), .status = answered ? event.status : 0, .message = words(event, error)};
  if (!answered) return fault;
  // No duration is less than any.
  fault.retry_after = std::max(retry_after(event), error ? error->retry_delay : std::nullopt);
  const bool success = event.status >= 200 && event.status < 300;
  if (success && (!error || (create && !surely_refused(*error)))) return fault;
  const Answer answer{success ? error->code : event.status, error};
  const auto upload_status = event.header("X-Goog-Upload-Status");
  if (call == CallKind::upload_data && upload_status == "cancelled") {
    fault.kind = Kind::upload_gone;
    return fault;
  }
  const bool upload_over = upload_status == "final";
  const auto kind = create ? create_kind(answer) : other_kind(call, answer, upload_over);
  if (kind != Kind::unclear) fault.kind = kind;
  if (error) tell(fault, answer, event.body);
  return fault;
}

bool is_forbidden(const HttpEvent& event) {
  if (event.kind != HttpEvent::Kind::answer) return false;
  const auto error = parse_error(event.body);
  const bool success = event.status >= 200 && event.status < 300;
  return error && (success ? error->code : event.status) == 403 && !blames_account(*error);
}

}  // namespace batchd::proto
