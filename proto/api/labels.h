// Labels: what a caller writes on a request for itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::proto {

struct Labels {
  std::string json;             // compact text of an object of strings; empty: there are none
  std::int64_t text_bytes = 0;  // of the values
};

// `text` is one valid JSON value. None: not an object of strings, more than kLabelsMax, a name twice or empty, or a
// name or value of more than kLabelBytesMax.
std::optional<Labels> parse_labels(std::string_view text);
// The longest text that can be one, white space apart.
std::size_t labels_text_bytes_max();

}  // namespace batchd::proto
