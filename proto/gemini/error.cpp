#include "proto/gemini/error.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proto/control_document.h"
#include "proto/gemini/status.h"
#include "proto/json/write.h"

namespace batchd::proto {
namespace {

constexpr std::size_t kLineWordsBytesMax = 500;

std::string error_reason(const JsonValue& error) {
  const auto* details = member(&error, "details");
  if (details == nullptr || !details->IsArray()) return "";
  for (const auto& detail : details->GetArray())
    if (auto reason = text_member(&detail, "reason"); !reason.empty()) return reason;
  return "";
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
  found.reason = error_reason(*error);
  found.names_thing = member(&document->root(), "name") != nullptr;
  if (found.code == 0 && found.status.empty()) return std::nullopt;
  return found;
}

std::vector<std::int64_t> error_lines(std::string_view message) {
  constexpr std::string_view marker = "Error on line ";
  std::vector<std::int64_t> lines;
  for (auto at = message.find(marker); at != std::string_view::npos; at = message.find(marker, at)) {
    at += marker.size();
    std::int64_t line = 0;
    const auto [end, error] = std::from_chars(message.data() + at, message.data() + message.size(), line);
    if (error == std::errc{} && line > 0) lines.push_back(line);
  }
  std::ranges::sort(lines);
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

std::string words_on_line(std::string_view message, std::int64_t line) {
  const auto begin = message.find("Error on line " + std::to_string(line) + ':');
  if (begin == std::string_view::npos) return "refused by the provider";
  const auto end = message.find("\nError on line ", begin);
  return std::string(
      message.substr(begin, end == std::string_view::npos ? end : end - begin).substr(0, kLineWordsBytesMax));
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
