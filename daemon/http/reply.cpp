#include "daemon/http/reply.h"

#include <algorithm>
#include <array>
#include <utility>

namespace batchd::daemon {
namespace {

constexpr auto kReasons = std::to_array<std::pair<int, std::string_view>>({
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
});

void append_field(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ");
  const auto start = static_cast<std::ptrdiff_t>(text.size());
  text.append(value);
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  std::replace_if(text.begin() + start, text.end(), control, ' ');
  text.append("\r\n");
}

}  // namespace

std::string_view reason_phrase(int status) {
  const auto* found = std::ranges::find(kReasons, status, &std::pair<int, std::string_view>::first);
  return found == kReasons.end() ? "Unknown" : found->second;
}

std::string render_head(const ReplyHead& head, std::int64_t body_bytes, std::string_view date, bool close) {
  std::string text;
  text.reserve(256);
  text.append("HTTP/1.1 ").append(std::to_string(head.status)).append(" ").append(reason_phrase(head.status));
  text.append("\r\n");
  if (!head.content_type.empty()) append_field(text, "Content-Type", head.content_type);
  for (const auto& [name, value] : head.headers) append_field(text, name, value);
  if (body_bytes == kInChunks)
    append_field(text, "Transfer-Encoding", "chunked");
  else if (body_bytes >= 0 && head.status != 204 && head.status != 304)
    append_field(text, "Content-Length", std::to_string(body_bytes));
  append_field(text, "Date", date);
  if (close) append_field(text, "Connection", "close");
  text.append("\r\n");
  return text;
}

std::string_view DateText::now() {
  const auto second = std::time(nullptr);
  if (second != second_) {
    second_ = second;
    std::tm parts{};
    gmtime_r(&second, &parts);
    std::array<char, 64> text{};
    const auto length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    text_.assign(text.data(), length);
  }
  return text_;
}

}  // namespace batchd::daemon
