// Decodes the inside of a JSON string.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace batchd::json {

// Appends the text of `inside` (a JSON string without its quotes) to `text`, and stops early once `text` has
// `enough_bytes`. Lone surrogates become U+FFFD; other bytes are taken as they are. Returns false at a broken escape or
// a bare quote.
bool decode_string(std::string_view inside, std::string& text, std::size_t enough_bytes);

}  // namespace batchd::json
