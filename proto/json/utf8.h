// One UTF-8 sequence (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace batchd::json {

// What the first byte of a sequence determines.
struct Utf8Lead {
  std::size_t length = 0;  // of the whole sequence in bytes; 0 if no sequence starts with this byte
  unsigned char second_min = 0x80, second_max = 0xBF;  // bounds of the second byte; the others are 80-BF
};
Utf8Lead utf8_lead(unsigned char byte);

struct Utf8Sequence {
  std::size_t bytes = 0;  // how many bytes at the start of the text can belong to one valid sequence
  bool complete = false;  // these bytes are a whole valid sequence
};

// Examines the sequence at the start of `text`. If `bytes` is text.size() and `complete` is false, the sequence is
// valid so far, but cut.
Utf8Sequence utf8_sequence(std::string_view text);

// Returns the offset of the first byte that begins no whole character; nullopt if all of the text is UTF-8.
std::optional<std::size_t> find_not_utf8(std::string_view text);

}  // namespace batchd::json
