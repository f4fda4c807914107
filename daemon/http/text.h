// Characters as HTTP knows them, for whoever reads heads, targets and chunks.
#pragma once

namespace batchd::daemon {

// -1: none.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// May stand in a field's value (RFC 9110, 5.5), or in an extension of a chunk.
constexpr bool value_char(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }

}  // namespace batchd::daemon
