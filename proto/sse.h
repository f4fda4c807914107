// Text on its way into a line of JSON or the data line of a server-sent event: nothing in it may end the line for any
// reader.
#pragma once

#include <string>
#include <string_view>

namespace batchd::proto {

// For one JSON value, in fragments: raw CR and LF (which stand between members only) become spaces; U+0085, U+2028 and
// U+2029, which some readers take for the end of a line, become their escapes (they stand in strings only).
class OneLine {
 public:
  std::string take(std::string_view fragment);
  std::string finish();  // what was kept back: an unfinished character

 private:
  std::string kept_;  // the start of a character that may be one of them; at most two bytes
};

}  // namespace batchd::proto
