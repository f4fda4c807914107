// The request target: what is accepted is decoded exactly once, holds no NUL and no segment that climbs, and says the
// same when it is written with other escapes; what is refused has a reason that a plain reading finds, too.
#include "daemon/http/target.h"

#include <cctype>
#include <optional>
#include <string>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/http_text.h"

using namespace batchd;
using daemon::RequestHead;

namespace {

std::optional<RequestHead> read(std::string_view target) {
  RequestHead head;
  if (!daemon::parse_target(target, head)) return std::nullopt;
  return head;
}

bool digit(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

// Whether each percent sign begins an escape, and none of them is NUL.
bool well_escaped(std::string_view text) {
  for (auto at = text.find('%'); at != text.npos; at = text.find('%', at + 3)) {
    const auto escape = text.substr(at, 3);
    if (escape.size() < 3 || !digit(escape[1]) || !digit(escape[2]) || escape == "%00") return false;
  }
  return true;
}

bool climbs(std::string_view path) {
  const auto with_end = std::string(path) + "/";
  return with_end.find("/./") != with_end.npos || with_end.find("/../") != with_end.npos;
}

// `text`, its escapes replaced one after the other.
std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool escape = text[0] == '%';
    out += escape ? static_cast<char>(std::stoi(std::string(text.substr(1, 2)), nullptr, 16)) : text[0];
    text.remove_prefix(escape ? 3 : 1);
  }
  return out;
}

// Whether the target is to be accepted, by the words of target.h.
bool expected(std::string_view target) {
  if (!target.starts_with('/')) return false;
  for (const char c : target)
    if (c <= ' ' || c >= 0x7f || c == '#') return false;
  return well_escaped(target) && !climbs(unescaped(target.substr(0, target.find('?'))));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto target = fuzz::text(data, size);
  const auto head = read(target);
  CHECK(head.has_value() == expected(target));
  if (!head) return 0;

  const auto question = target.find('?');
  CHECK(head->path == unescaped(target.substr(0, question)));
  CHECK(head->path.starts_with('/') && head->path.find('\0') == head->path.npos && !climbs(head->path));
  const auto query = question == target.npos ? std::string_view() : target.substr(question + 1);
  CHECK(static_cast<std::ptrdiff_t>(head->query.size()) <= std::ranges::count(query, '&') + (query.empty() ? 0 : 1));
  std::size_t decoded = 0;
  for (const auto& [name, value] : head->query) {
    CHECK(name.find('\0') == name.npos && value.find('\0') == value.npos);
    decoded += name.size() + value.size();
    CHECK(head->query_value(name).has_value());
  }
  CHECK(decoded <= query.size());

  for (const auto& other : {fuzz::write_target(*head), std::string(target) + (question == target.npos ? "?&" : "&&")}) {
    const auto same = read(other);
    CHECK(same && same->path == head->path && same->query == head->query);
  }
  return 0;
}
