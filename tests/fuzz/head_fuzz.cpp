// The head of a request: it ends at the same byte however it comes; what is accepted has one Host, a body of one
// length, and fields without a byte that another reader could take for the end of a line; and written down again in
// the plainest way it means the same.
#include "daemon/http/head.h"

#include <array>
#include <charconv>
#include <string>
#include <variant>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/http_text.h"

using namespace batchd;
using namespace batchd::daemon;

namespace {

constexpr std::array<std::string_view, 5> kMethods{"GET", "POST", "DELETE", "PUT", "HEAD"};
constexpr std::array kStatuses{400, 414, 417, 501, 505};

// The same end, and not one byte earlier, for a reader that looks after every fragment.
std::size_t end_in_fragments(std::string_view bytes) {
  std::size_t received = 0;
  std::size_t end = bytes.npos;
  fuzz::in_fragments(bytes, [&](std::string_view fragment) {
    received += fragment.size();
    end = find_head_end(bytes.substr(0, received));
    CHECK(end == bytes.npos || (end <= received && end + fragment.size() > received));
    return end == bytes.npos;
  });
  return end;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    CHECK(end != text.npos);
    lines.push_back(text.substr(0, end));
    CHECK(lines.back().find_first_of(std::string_view("\r\n\0", 3)) == text.npos);
    text.remove_prefix(end + 2);
  }
  return lines;
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// What the fields of `name` say, in order.
std::vector<std::string_view> values(const RequestHead& head, std::string_view name) {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : head.headers)
    if (key == name) found.push_back(value);
  return found;
}

void check_fields(const RequestHead& head, const std::vector<std::string_view>& lines) {
  CHECK(lines.size() == head.headers.size() + 2 && lines.back().empty());
  for (std::size_t i = 0; i < head.headers.size(); ++i) {
    const auto& [name, value] = head.headers[i];
    const auto line = lines[i + 1];
    CHECK(!name.empty() && fuzz::lower(line).starts_with(name + ":") && name == fuzz::lower(name));
    CHECK(name.find_first_of("\"(),/:;<=>?@[\\]{}") == name.npos);
    CHECK(trimmed(line.substr(name.size() + 1)) == value);
    for (const char c : name) CHECK(c > ' ' && c < 0x7f);
    for (const char c : value) CHECK(c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f));
  }
}

void check_body(const ParsedHead& parsed) {
  const auto& head = parsed.head;
  const auto hosts = values(head, "host");
  CHECK(hosts.size() == 1 && hosts[0].size() <= kHostBytesMax);
  const auto lengths = values(head, "content-length");
  const auto encodings = values(head, "transfer-encoding");
  CHECK(lengths.size() + encodings.size() <= 1);
  CHECK(head.chunked == (encodings.size() == 1));
  if (head.chunked) CHECK(fuzz::lower(encodings[0]) == "chunked" && !parsed.old_client);
  std::int64_t length = 0;
  if (!lengths.empty()) {
    const auto [end, error] = std::from_chars(lengths[0].data(), lengths[0].data() + lengths[0].size(), length);
    CHECK(error == std::errc() && end == lengths[0].data() + lengths[0].size());
    CHECK(lengths[0].find_first_not_of("0123456789") == std::string_view::npos);
  }
  CHECK(head.content_length == length && length >= 0);
}

std::string written_again(const ParsedHead& parsed) {
  const auto& head = parsed.head;
  auto text = head.method + " " + fuzz::write_target(head) + (parsed.old_client ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (const auto& [name, value] : head.headers) text += name + ":" + value + "\r\n";
  return text + "\r\n";
}

void check_accepted(const ParsedHead& parsed, std::string_view text) {
  const auto& head = parsed.head;
  const auto lines = lines_of(text);
  CHECK(std::ranges::find(kMethods, head.method) != kMethods.end());
  CHECK(lines[0].starts_with(head.method + " /"));
  CHECK(lines[0].ends_with(parsed.old_client ? " HTTP/1.0" : " HTTP/1.1"));
  CHECK(std::ranges::count(lines[0], ' ') == 2);
  CHECK(head.path.starts_with('/') && head.path.find('\0') == head.path.npos);
  check_fields(head, lines);
  check_body(parsed);
  CHECK(!parsed.old_client || (!parsed.keep_alive && !parsed.expects_continue));
  for (const auto value : values(head, "connection")) CHECK(fuzz::lower(value) != "close" || !parsed.keep_alive);
  for (const auto value : values(head, "expect")) CHECK(fuzz::lower(value) == "100-continue");

  const auto text_again = written_again(parsed);
  CHECK(find_head_end(text_again) == text_again.size());
  const auto again = parse_head(text_again);
  if (fuzz::write_target(head).size() > kTargetBytesMax) return;  // escapes make it longer
  const auto* same = std::get_if<ParsedHead>(&again);
  CHECK(same != nullptr);
  CHECK(same->head.method == head.method && same->head.path == head.path && same->head.query == head.query);
  CHECK(same->head.headers == head.headers && same->head.content_length == head.content_length);
  CHECK(same->head.chunked == head.chunked && same->keep_alive == parsed.keep_alive);
  CHECK(same->old_client == parsed.old_client && same->expects_continue == parsed.expects_continue);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text(data, size);
  const auto end = find_head_end(bytes);
  CHECK(end_in_fragments(bytes) == end);
  if (end == bytes.npos) {
    const auto refusal = oversized_head(bytes);
    CHECK((refusal.status == 414 || refusal.status == 431) && !refusal.detail.empty());
    return 0;
  }
  CHECK(end > 0 && bytes[end - 1] == '\n');
  const auto text = bytes.substr(0, end);
  const auto parsed = parse_head(text);
  if (const auto* refusal = std::get_if<BadHead>(&parsed)) {
    CHECK(std::ranges::find(kStatuses, refusal->status) != kStatuses.end());
    CHECK(!refusal->code.empty() && !refusal->detail.empty());
  } else {
    check_accepted(std::get<ParsedHead>(parsed), text);
  }
  return 0;
}
