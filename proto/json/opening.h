// What the first bytes of a text say about it: whether it can be JSON in UTF-8 at all.
#pragma once

#include <cstddef>
#include <string_view>

namespace batchd::json {

inline constexpr std::size_t kOpeningBytes = 4;  // as many as say all there is to say

// Returns what is wrong with a text that begins like this, and what to do about it, for people ("is UTF-16: convert it
// to UTF-8 (...)"); empty if it may be JSON in UTF-8. A text of fewer than kOpeningBytes bytes is given whole.
std::string_view opening_fault(std::string_view first_bytes);

}  // namespace batchd::json
