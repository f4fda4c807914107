#include "proto/json/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace batchd::json {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> reverse_alphabet() {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}
constexpr auto kReverse = reverse_alphabet();

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group = byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2);
    text += kAlphabet[group >> 18];
    text += kAlphabet[group >> 12 & 63];
    text += i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? kAlphabet[group & 63] : '=';
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const std::size_t digits = last ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const int digit = j < digits ? kReverse[static_cast<unsigned char>(text[i + j])] : 0;
      if (digit < 0) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    // The unused bits must be zero, so that every byte string has exactly one text.
    if ((digits == 3 && (group & 0xFF) != 0) || (digits == 2 && (group & 0xFFFF) != 0)) return std::nullopt;
    bytes += static_cast<char>(group >> 16);
    if (digits > 2) bytes += static_cast<char>(group >> 8 & 0xFF);
    if (digits > 3) bytes += static_cast<char>(group & 0xFF);
  }
  return bytes;
}

std::string Base64Stream::take(std::string_view fragment) {
  constexpr std::size_t kGroup = 3;
  std::string text;
  if (!kept_.empty()) {
    const auto missing = std::min(kGroup - kept_.size(), fragment.size());
    kept_ += fragment.substr(0, missing);
    fragment.remove_prefix(missing);
    if (kept_.size() == kGroup) text = base64_encode(std::exchange(kept_, {}));
  }
  const auto whole = fragment.size() / kGroup * kGroup;
  text += base64_encode(fragment.substr(0, whole));
  kept_ += fragment.substr(whole);
  return text;
}

std::string Base64Stream::finish() { return base64_encode(std::exchange(kept_, {})); }

}  // namespace batchd::json
