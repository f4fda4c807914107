// Classes of characters in HTTP, for the parsers of heads, targets and chunks.
#pragma once

namespace batchd::daemon {

// Returns the lower-case letter of an upper-case one of ASCII, and any other byte as it is.
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Returns the value of a hexadecimal digit, or -1 for any other character.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Returns true for a character that is allowed in a field's value (RFC 9110, 5.5) or in a chunk's extension.
constexpr bool value_char(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }

}  // namespace batchd::daemon
