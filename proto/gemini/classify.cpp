#include "proto/gemini/classify.h"

#include <optional>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/limits.h"
#include "proto/control_document.h"
#include "proto/gemini/error.h"
#include "proto/gemini/status.h"

namespace batchd::proto {
namespace {

using core::Fault;
using core::HttpEvent;
using Kind = core::Fault::Kind;

constexpr std::size_t kStatusWordBytesMax = 64;
constexpr int kInvalidArgument = 3;  // google.rpc.Code
constexpr int kNotFound = 5;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// An unsuccessful answer, reduced to what its meaning depends on.
struct Answer {
  int status;  // HTTP status; for an error inside a 2xx, the error's own code
  const std::optional<ProviderError>& error;
  std::string_view thing;  // without its prefix

  bool names_thing() const { return error && !thing.empty() && contains(error->message, thing); }
  // True if the fault lies not in the call, but in the key, the project or the region.
  bool is_account_400() const {
    if (!error || status != 400) return false;
    return error->reason == "API_KEY_INVALID" || contains(error->message, "API key not valid") ||
           contains(error->message, "API key expired") || error->status == "FAILED_PRECONDITION";
  }
};

std::string_view bare_name(std::string_view thing) {
  const auto slash = thing.find('/');
  return slash == std::string_view::npos ? thing : thing.substr(slash + 1);
}

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
  if (!answer.error) return Kind::unclear;
  if (!error_lines(answer.error->message).empty()) return Kind::lines_refused;
  if (answer.names_thing()) return Kind::file_gone;
  if (answer.is_account_400()) return Kind::account;
  return answer.error->status == "INVALID_ARGUMENT" ? Kind::refused : Kind::unclear;
}

Kind create_kind(const Answer& answer) {
  switch (answer.status) {
    case 400:
      return create_400(answer);
    case 401:
      return Kind::account;
    case 403:
      if (!answer.error) return Kind::unclear;
      return answer.names_thing() ? Kind::file_gone : Kind::account;
    case 404:
      if (!answer.error) return Kind::unclear;
      if (answer.names_thing()) return Kind::file_gone;
      return contains(answer.error->message, "model") ? Kind::model_missing : Kind::unclear;
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
         call == CallKind::check_file || call == CallKind::remove_file;
}

Kind other_400(CallKind call, const Answer& answer, bool upload_over) {
  if (answer.is_account_400()) return Kind::account;
  if (!answer.error) {
    // Plain text comes from an upload's front end that was given a wrong offset; a `query` will show the right one.
    return upload_over ? Kind::refused : Kind::transient;
  }
  if (is_upload(call) && (contains(answer.error->message, "MIME") || contains(answer.error->message, "mime type")))
    return Kind::variant_refused;
  if (is_upload(call) && answer.error->status == "ALREADY_EXISTS") return Kind::name_taken;
  return Kind::refused;
}

// For files the provider answers 403 both if a file doesn't exist or isn't ours, and if the key is in trouble.
Kind other_403(CallKind call, const Answer& answer) {
  if (!answer.error) return Kind::transient;
  const bool no_such_thing = answer.names_thing() || contains(answer.error->message, "may not exist");
  return is_about_a_thing(call) && no_such_thing ? Kind::missing : Kind::account;
}

Kind other_kind(CallKind call, const Answer& answer, bool upload_over) {
  switch (answer.status) {
    case 400:
      return other_400(call, answer, upload_over);
    case 401:
      return Kind::account;
    case 403:
      return other_403(call, answer);
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
    case Kind::file_gone:
      return kInvalidArgument;
    case Kind::model_missing:
      return kNotFound;
    case Kind::throttled:
    case Kind::account:
      return grpc_code(error.status);
    case Kind::not_sent:
    case Kind::unclear:
    case Kind::transient:
    case Kind::name_taken:
    case Kind::upload_gone:
    case Kind::missing:
      break;
  }
  return std::nullopt;
}

// Sets what the requests' owners are told of a refusal, as a whole and of each line that it names.
void tell(Fault& fault, const Answer& answer, std::string_view body) {
  const auto code = code_to_tell(fault.kind, *answer.error);
  if (!code) return;
  auto told = rpc_error(*code, fault.message, body);
  if (*code == 0) told.status = status_word(*answer.error);
  told.http_status = answer.status;
  if (fault.kind == Kind::lines_refused) {
    told.body.clear();  // it quotes the requests of all owners
    for (const auto line : error_lines(answer.error->message)) {
      auto error = rpc_error(*code, words_on_line(answer.error->message, line), {});
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

core::Fault classify(CallKind call, const HttpEvent& event, std::string_view thing) {
  CHECK(event.kind != HttpEvent::Kind::begin);
  const bool create = call == CallKind::create;
  const bool answered = event.kind == HttpEvent::Kind::answer;
  const auto error = answered ? parse_error(event.body) : std::nullopt;
  Fault fault{.kind = unproven(call, event), .status = answered ? event.status : 0, .message = words(event, error)};
  if (!answered) return fault;
  const bool success = event.status >= 200 && event.status < 300;
  if (success && (!error || (create && !surely_refused(*error)))) return fault;
  const Answer answer{success ? error->code : event.status, error, bare_name(thing)};
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

}  // namespace batchd::proto
