#include "daemon/http/head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/http/target.h"
#include "daemon/http/text.h"

namespace batchd::daemon {
namespace {

bool equals_caseless(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

bool is_tchar(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  c = lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kMarks.find(c) != kMarks.npos;
}

bool is_http_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_tchar); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool lists_close(std::string_view value) {
  while (!value.empty()) {
    const auto end = std::min(value.find(','), value.size());
    if (equals_caseless(trimmed(value.substr(0, end)), "close")) return true;
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return false;
}

constexpr BadHead bad(std::string_view detail) { return {400, "bad_request", detail}; }

std::optional<BadHead> parse_request_line(std::string_view line, ParsedHead& parsed) {
  constexpr std::array<std::string_view, 5> kMethods{"GET", "POST", "DELETE", "PUT", "HEAD"};
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || first == last) return bad("the request line isn't method, target and version");
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_http_token(method) || target.empty()) return bad("the request line isn't method, target and version");
  if (!version.starts_with("HTTP/")) return bad("the request line has no HTTP version");
  parsed.old_client = version == "HTTP/1.0";
  parsed.keep_alive = !parsed.old_client;
  if (!parsed.old_client && version != "HTTP/1.1") return BadHead{505, "http_version", "HTTP/1.1 is spoken here"};
  if (std::ranges::find(kMethods, method) == kMethods.end())
    return BadHead{501, "method_unknown", "no such method here"};
  if (target.size() > kTargetBytesMax) return BadHead{414, "target_too_long", "the request target is over 8 KiB"};
  if (!parse_target(target, parsed.head))
    return bad("the request target must be a path with proper escapes and without dot segments");
  parsed.head.method = method;
  return std::nullopt;
}

std::optional<BadHead> parse_field(std::string_view line, RequestHead& head) {
  const auto colon = line.find(':');
  // Also refuses continuation lines (obs-fold) and a blank before the colon.
  if (colon == line.npos || !is_http_token(line.substr(0, colon)))
    return bad("a header line isn't name, colon and value");
  const auto value = trimmed(line.substr(colon + 1));
  if (!std::ranges::all_of(value, value_char)) return bad("a header value holds a control character");
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), lower);
  head.headers.emplace_back(std::move(name), value);
  return std::nullopt;
}

std::optional<BadHead> apply_length(std::string_view value, RequestHead& head) {
  constexpr std::size_t kDigitsMax = 18;
  const bool digits = std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
  if (value.empty() || value.size() > kDigitsMax || !digits) return bad("Content-Length isn't a number");
  std::from_chars(value.data(), value.data() + value.size(), head.content_length);
  return std::nullopt;
}

// Applies what the fields say about the connection and the body.
std::optional<BadHead> apply_fields(ParsedHead& parsed) {
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
  for (const auto& [name, value] : parsed.head.headers) {
    if (name == "host") {
      ++hosts;
      if (value.size() > kHostBytesMax) return bad("Host is over 255 characters");
    } else if (name == "content-length") {
      ++lengths;
      if (auto refusal = apply_length(value, parsed.head)) return refusal;
    } else if (name == "transfer-encoding") {
      ++encodings;
      parsed.head.chunked = equals_caseless(value, "chunked");
    } else if (name == "connection") {
      parsed.keep_alive = parsed.keep_alive && !lists_close(value);
    } else if (name == "expect") {
      if (!equals_caseless(value, "100-continue"))
        return BadHead{417, "expectation", "only 100-continue is understood"};
      parsed.expects_continue = !parsed.old_client;
    }
  }
  if (lengths > 1) return bad("more than one Content-Length");
  if (lengths > 0 && encodings > 0) return bad("Content-Length and Transfer-Encoding together");
  if (encodings > 0 && parsed.old_client) return bad("Transfer-Encoding in HTTP/1.0");
  if (encodings > 1 || (encodings == 1 && !parsed.head.chunked))
    return BadHead{501, "transfer_encoding", "no Transfer-Encoding but chunked is understood"};
  if (hosts != 1) return bad("exactly one Host is needed");
  return std::nullopt;
}

}  // namespace

std::string_view RequestHead::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers)
    if (name == lower_case_name) return value;
  return {};
}

std::optional<std::string_view> RequestHead::query_value(std::string_view wanted) const {
  for (const auto& [name, value] : query)
    if (name == wanted) return value;
  return std::nullopt;
}

std::size_t find_head_end(std::string_view bytes) {
  for (auto at = bytes.find('\n'); at != bytes.npos; at = bytes.find('\n', at + 1)) {
    if (at == 0 || bytes[at - 1] != '\r') return at + 1;
    if (at == 1 || (at >= 3 && bytes[at - 2] == '\n')) return at + 1;
  }
  return bytes.npos;
}

std::variant<ParsedHead, BadHead> parse_head(std::string_view text) {
  ParsedHead parsed;
  parsed.head.headers.reserve(8);  // as many as most clients send
  if (!text.ends_with("\r\n\r\n")) return bad("lines must end with CR LF, and an empty one ends the head");
  text.remove_suffix(2);
  bool first = true;
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 2);
    auto refusal = first ? parse_request_line(line, parsed) : parse_field(line, parsed.head);
    if (refusal) return *refusal;
    first = false;
  }
  if (auto refusal = apply_fields(parsed)) return *refusal;
  return parsed;
}

BadHead oversized_head(std::string_view bytes) {
  if (bytes.find('\n') == bytes.npos) return {414, "target_too_long", "the request line is over 16 KiB"};
  return {431, "header_too_large", "the header section is over 16 KiB"};
}

}  // namespace batchd::daemon
