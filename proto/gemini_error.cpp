#include "proto/gemini_error.h"

#include <algorithm>
#include <charconv>

#include "proto/control_document.h"

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

}  // namespace batchd::proto
