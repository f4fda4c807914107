#include "ctl/commands/text.h"

#include <algorithm>
#include <array>

#include "proto/json/utf8.h"

namespace batchd::ctl {

std::string text_fault(std::string_view text) {
  const auto at = json::find_not_utf8(text);
  return at ? "isn't UTF-8 at byte " + std::to_string(*at) + ", counted from 0 (iconv converts it)" : std::string();
}

std::string empty_fault(std::string_view text) {
  return text.empty() ? "is empty: give it a value, or leave it out" : std::string();
}

std::string value_fault(std::string_view text) { return empty_fault(text) + text_fault(text); }

bool is_blank(std::string_view text) {
  // Besides ASCII's and NUL: U+0085, U+00A0, U+200B, U+2028, U+2029, U+3000, U+FEFF.
  constexpr std::array<std::string_view, 7> kWide{"\xC2\x85",     "\xC2\xA0",     "\xE2\x80\x8B", "\xE2\x80\xA8",
                                                  "\xE2\x80\xA9", "\xE3\x80\x80", "\xEF\xBB\xBF"};
  while (!text.empty()) {
    const auto wide = std::ranges::find_if(kWide, [&](std::string_view each) { return text.starts_with(each); });
    if (wide == kWide.end() && std::string_view(" \t\r\n\v\f\0", 7).find(text[0]) == std::string_view::npos) return false;
    text.remove_prefix(wide == kWide.end() ? 1 : wide->size());
  }
  return true;
}

}  // namespace batchd::ctl
