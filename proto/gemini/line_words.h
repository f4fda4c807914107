// What the provider says of single lines of an input file. batches.create refuses a file that it can't read with a
// message of one or more lines, "Error on line N: WORDS", which may quote the requests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::proto {

struct NamedLine {
  std::int64_t line = 0;  // in the input file, from 1; may be beyond its end
  std::string words;      // what is said of this line: bounded, never empty, without places in the file
};

// Returns the lines that the message names, in ascending order, each once, at most kNamedLinesMax of them. A number
// counts only where the provider puts it: at the start of a line of the message, and above all numbers before it.
// Whatever else looks like one may be quoted from a request, and belongs to the words of the line before it.
std::vector<NamedLine> named_lines(std::string_view message);
inline constexpr std::size_t kNamedLinesMax = 10'000;

// Returns the text without the places in an input file that it names, like ", near column 49" or " on line 7": the file
// is batchd's own, and its numbers mean nothing to anybody else. What stands in quotation marks is left as it is, since
// it is quoted from a request.
std::string without_places(std::string_view text);

}  // namespace batchd::proto
