#include "proto/cursor.h"

#include <algorithm>
#include <charconv>

namespace batchd::proto {
namespace {

constexpr std::size_t kInstallationBytes = 8;

bool is_installation(std::string_view text) {
  return text.size() == kInstallationBytes &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
}

}  // namespace

std::string cursor_text(std::string_view installation, std::int64_t completion) {
  return std::string(installation) + '-' + std::to_string(completion);
}

std::optional<Cursor> parse_cursor(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || !is_installation(text.substr(0, dash))) return std::nullopt;
  const auto digits = text.substr(dash + 1);
  Cursor cursor{.installation = std::string(text.substr(0, dash))};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), cursor.completion);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  // Only as cursor_text() writes it: neither negative nor with leading zeros.
  if (cursor.completion < 0 || digits != std::to_string(cursor.completion)) return std::nullopt;
  return cursor;
}

}  // namespace batchd::proto
