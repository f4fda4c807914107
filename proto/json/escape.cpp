#include "proto/json/escape.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace batchd::json {
namespace {

void append_code_point(std::string& text, std::uint32_t point) {
  const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  const auto tail = [&](int shift) { put(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    tail(0);
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    tail(6);
    tail(0);
  } else {
    put(0xF0 | point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::optional<std::uint32_t> four_hex_digits(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, value, 16);
  if (error != std::errc{} || end != text.data() + 4) return std::nullopt;
  return value;
}

// Appends the character of the escape whose "\u" stands before `escape`. Returns how many bytes of `escape` belong to
// it, 0 if it is broken.
std::size_t append_unicode(std::string& text, std::string_view escape) {
  const auto first = four_hex_digits(escape);
  if (!first) return 0;
  const bool high = *first >= 0xD800 && *first < 0xDC00;
  if (high && escape.substr(4, 2) == "\\u") {
    const auto second = four_hex_digits(escape.substr(6));
    if (second && *second >= 0xDC00 && *second < 0xE000) {
      append_code_point(text, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
      return 10;
    }
  }
  const bool surrogate = *first >= 0xD800 && *first < 0xE000;
  append_code_point(text, surrogate ? 0xFFFD : *first);
  return 4;
}

}  // namespace

bool decode_string(std::string_view inside, std::string& text, std::size_t enough_bytes) {
  constexpr std::string_view escapes = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  while (!inside.empty() && text.size() < enough_bytes) {
    const auto plain = std::min(inside.find_first_of("\\\""), inside.size());
    text += inside.substr(0, plain);
    inside.remove_prefix(plain);
    if (inside.empty() || text.size() >= enough_bytes) break;
    if (inside[0] == '"' || inside.size() < 2) return false;
    std::size_t taken = 0;
    if (inside[1] == 'u') {
      taken = append_unicode(text, inside.substr(2));
      if (taken == 0) return false;
    } else {
      const auto which = escapes.find(inside[1]);
      if (which == std::string_view::npos) return false;
      text += meanings[which];
    }
    inside.remove_prefix(2 + taken);
  }
  return true;
}

}  // namespace batchd::json
