// One UTF-8 sequence (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
#pragma once

#include <cstddef>
#include <string_view>

namespace batchd::json {

// What a first byte says of its sequence.
struct Utf8Lead {
  std::size_t length = 0;                              // of the whole sequence; 0: none starts with this byte
  unsigned char second_min = 0x80, second_max = 0xBF;  // bounds of the second byte; the others are 80-BF
};
Utf8Lead utf8_lead(unsigned char byte);

struct Utf8Sequence {
  std::size_t bytes = 0;  // how many bytes of the text can belong to a valid sequence that starts at its first byte
  bool complete = false;  // they are one: the sequence is valid and whole
};

// Of the sequence at the start of `text`. bytes == text.size() and not complete: valid so far, cut.
Utf8Sequence utf8_sequence(std::string_view text);

}  // namespace batchd::json
