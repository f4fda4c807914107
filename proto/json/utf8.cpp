#include "proto/json/utf8.h"

namespace batchd::json {

Utf8Lead utf8_lead(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2 || byte > 0xF4) return {};
  if (byte < 0xE0) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};  // no overlong form
  if (byte == 0xED) return {3, 0x80, 0x9F};  // no surrogate
  if (byte < 0xF0) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};  // nothing above U+10FFFF
  return {4};
}

Utf8Sequence utf8_sequence(std::string_view text) {
  if (text.empty()) return {};
  const auto lead = utf8_lead(static_cast<unsigned char>(text[0]));
  if (lead.length == 0) return {};
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (i == text.size()) return {i, false};
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned char low = i == 1 ? lead.second_min : 0x80;
    const unsigned char high = i == 1 ? lead.second_max : 0xBF;
    if (byte < low || byte > high) return {i, false};
  }
  return {lead.length, true};
}

std::optional<std::size_t> find_not_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto sequence = utf8_sequence(text.substr(at));
    if (!sequence.complete) return at;
    at += sequence.bytes;
  }
  return std::nullopt;
}

}  // namespace batchd::json
