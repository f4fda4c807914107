// Makes JSON text fit for a line of JSON or the data line of a server-sent event: nothing in it ends the line for any
// reader.
#pragma once

#include <string>
#include <string_view>

namespace batchd::json {

// Works on one JSON value, in fragments. Raw CR and LF (which occur between tokens only) become spaces; U+0085, U+2028
// and U+2029, which some readers take for the end of a line, become their escapes (they occur in strings only).
class OneLine {
 public:
  std::string take(std::string_view fragment);
  std::string finish();  // returns what was kept back: an unfinished character

 private:
  std::string kept_;  // the start of a character that may have to be escaped; at most two bytes
};

// Returns the whole text as one line. A beginning of a JSON text will do, if it ends between two tokens.
std::string one_line(std::string_view text);

}  // namespace batchd::json
