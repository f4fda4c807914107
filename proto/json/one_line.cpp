#include "proto/json/one_line.h"

#include <utility>

#include "proto/json/scan.h"

namespace batchd::json {
namespace {

constexpr std::string_view kNextLine = "\xC2\x85", kLineSeparator = "\xE2\x80\xA8",
                           kParagraphSeparator = "\xE2\x80\xA9";

// Returns the escape of the line end that `bytes` starts with and the length of that line end; both are empty if it
// starts with none.
std::pair<std::string_view, std::size_t> escape_at(std::string_view bytes) {
  if (bytes.starts_with(kNextLine)) return {"\\u0085", kNextLine.size()};
  if (bytes.starts_with(kLineSeparator)) return {"\\u2028", kLineSeparator.size()};
  if (bytes.starts_with(kParagraphSeparator)) return {"\\u2029", kParagraphSeparator.size()};
  return {};
}

bool may_begin(std::string_view bytes) {
  return kNextLine.starts_with(bytes) || kLineSeparator.starts_with(bytes) || kParagraphSeparator.starts_with(bytes);
}

bool may_end_line(char c) { return c == '\r' || c == '\n' || c == '\xC2' || c == '\xE2'; }

// Returns the length of the prefix in which no line end begins.
std::size_t lineless_run(std::string_view bytes) {
  auto at = scan::run(bytes, [](std::uint64_t word) {
    return (scan::any(word, '\r') | scan::any(word, '\n') | scan::any(word, 0xC2) | scan::any(word, 0xE2)) != 0;
  });
  while (at < bytes.size() && !may_end_line(bytes[at])) ++at;
  return at;
}

}  // namespace

std::string OneLine::take(std::string_view fragment) {
  const std::string joined = kept_.empty() ? std::string() : std::exchange(kept_, {}).append(fragment);
  std::string_view rest = joined.empty() ? fragment : std::string_view(joined);
  std::string line;
  line.reserve(rest.size());
  while (!rest.empty()) {
    const auto plain = lineless_run(rest);
    line += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    const auto [escape, bytes] = escape_at(rest);
    if (bytes == 0 && rest.size() < kLineSeparator.size() && may_begin(rest)) {
      kept_ = rest;
      break;
    }
    const bool newline = rest[0] == '\r' || rest[0] == '\n';
    line += bytes > 0 ? escape : newline ? " " : rest.substr(0, 1);
    rest.remove_prefix(bytes > 0 ? bytes : 1);
  }
  return line;
}

std::string OneLine::finish() { return std::exchange(kept_, {}); }

std::string one_line(std::string_view text) {
  OneLine line;
  auto out = line.take(text);
  return out += line.finish();
}

}  // namespace batchd::json
