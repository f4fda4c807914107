#include "proto/sse.h"

#include <utility>

namespace batchd::proto {
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

}  // namespace

std::string OneLine::take(std::string_view fragment) {
  const std::string joined = std::exchange(kept_, {}).append(fragment);
  std::string_view rest = joined;
  std::string line;
  line.reserve(rest.size());
  while (!rest.empty()) {
    const auto plain = rest.find_first_of("\r\n\xC2\xE2");
    line += rest.substr(0, plain);
    if (plain == std::string_view::npos) break;
    rest.remove_prefix(plain);
    if (may_begin(rest) && rest.size() < kLineSeparator.size() && escape_at(rest).second == 0) {
      kept_ = rest;
      break;
    }
    const auto [escape, bytes] = escape_at(rest);
    const bool newline = rest[0] == '\r' || rest[0] == '\n';
    line += bytes > 0 ? escape : newline ? " " : rest.substr(0, 1);
    rest.remove_prefix(bytes > 0 ? bytes : 1);
  }
  return line;
}

std::string OneLine::finish() { return std::exchange(kept_, {}); }

}  // namespace batchd::proto
