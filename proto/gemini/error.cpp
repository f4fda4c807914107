#include "proto/gemini/error.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proto/control_document.h"
#include "proto/gemini/retry_after.h"
#include "proto/gemini/status.h"
#include "proto/json/write.h"

namespace batchd::proto {
namespace {

std::vector<std::string> error_reasons(const JsonValue& error) {
  std::vector<std::string> reasons;
  const auto* details = member(&error, "details");
  if (details == nullptr || !details->IsArray()) return reasons;
  for (const auto& detail : details->GetArray()) {
    auto reason = text_member(&detail, "reason");
    const bool info = text_member(&detail, "@type").ends_with("google.rpc.ErrorInfo");
    if (info && !reason.empty()) reasons.push_back(std::move(reason));
  }
  return reasons;
}

// google.rpc.Code, and the HTTP status that Google sends with it.
struct Status {
  int code, http;
};
constexpr std::array<Status, 16> kStatuses{{{1, 499},
                                            {2, 500},
                                            {3, 400},
                                            {4, 504},
                                            {5, 404},
                                            {6, 409},
                                            {7, 403},
                                            {8, 429},
                                            {9, 400},
                                            {10, 409},
                                            {11, 400},
                                            {12, 501},
                                            {13, 500},
                                            {14, 503},
                                            {15, 500},
                                            {16, 401}}};

GeminiError error_of(int http_status, std::string_view status, std::string_view message) {
  GeminiError error{.http_status = http_status};
  json::Writer w(error.body);
  w.begin_object();
  w.key("error");
  w.begin_object();
  w.key("code");
  w.number(http_status);
  w.key("message");
  w.string(message);
  w.key("status");
  w.string(status);
  w.end_object();
  w.end_object();
  error.body += '\n';
  return error;
}

// Returns the google.rpc.Code for the status of a problem. Google's clients know no 507 (no room on the disk).
int code_of(int http_status) {
  switch (http_status) {
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
    case 410:
      return 5;
    case 409:
      return 10;
    case 429:
      return 8;
    case 501:
      return 12;
    case 503:
    case 507:
      return 14;
    default:
      return http_status < 500 ? 3 : 13;
  }
}

}  // namespace

std::optional<ProviderError> parse_error(std::string_view body) {
  const auto document = ControlDocument::parse(body);
  if (!document) return std::nullopt;
  const auto* error = object_member(&document->root(), "error");
  if (error == nullptr) return std::nullopt;
  ProviderError found;
  const auto code = integer_member(error, "code").value_or(0);
  found.code = code > 0 && code < 1000 ? static_cast<int>(code) : 0;
  found.status = text_member(error, "status");
  found.message = text_member(error, "message");
  found.reasons = error_reasons(*error);
  found.retry_delay = retry_delay(*error);
  found.names_thing = member(&document->root(), "name") != nullptr;
  if (found.code == 0 && found.status.empty()) return std::nullopt;
  return found;
}

GeminiError gemini_error(int http_status, std::string_view message) {
  const int code = code_of(http_status);
  const auto found = std::ranges::find(kStatuses, code, &Status::code);
  const bool ours = http_status == 507;  // Google knows no such status
  return error_of(ours ? found->http : http_status, grpc_status(code), message);
}

GeminiError gemini_error(const core::RequestError& error) {
  // Another source's number and word are not Google's.
  const bool theirs = error.source == core::ErrorSource::provider && error.code != 0;
  const int code = theirs ? error.code : grpc_code(error.kind);
  const auto found = std::ranges::find(kStatuses, code, &Status::code);
  const int http = found == kStatuses.end() ? 500 : found->http;
  return error_of(http, theirs && !error.status.empty() ? error.status : grpc_status(code), error.message);
}

}  // namespace batchd::proto
