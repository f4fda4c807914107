// Labels: texts that a caller puts on a request for its own use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::proto {

struct Labels {
  std::string json;             // compact text of an object of strings; empty if there are no labels
  std::int64_t text_bytes = 0;  // of the values
};

// Reads labels from `text`, which must be one valid JSON value. Returns nullopt if it isn't an object of strings, has
// more than kLabelsMax, an empty name or the same name twice, or a name or value longer than kLabelBytesMax.
std::optional<Labels> parse_labels(std::string_view text);
// Returns the length in bytes of the longest valid text of labels, not counting white space.
std::size_t labels_text_bytes_max();

}  // namespace batchd::proto
