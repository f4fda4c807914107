// Labels: texts that a caller puts on a request for its own use.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::proto {

// Reads labels from `text`, which must be one valid JSON value, and returns them as the compact text of an object of
// strings; empty if there are none. Returns nullopt if it isn't an object of strings, has more than kLabelsMax, an
// empty name or the same name twice, or a name or value longer than kLabelBytesMax.
std::optional<std::string> parse_labels(std::string_view text);
// Returns the length in bytes of the longest valid text of labels, not counting white space.
std::size_t labels_text_bytes_max();

}  // namespace batchd::proto
