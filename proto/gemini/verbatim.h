// Texts as they came: a document model forgets how a value was written, so what is passed on is cut out of the bytes.
#pragma once

#include <string_view>

namespace batchd::proto {

// Returns the value of the first member with this name in the text of a JSON object, also if an array of one element is
// around it, as in ControlDocument. Returns an empty text if there is none. The text must be valid JSON.
std::string_view member_text(std::string_view object, std::string_view name);

}  // namespace batchd::proto
