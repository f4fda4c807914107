// Reads what batchctl needs of the daemon's answers. Values are found by a scan and copied verbatim; only text for
// people is read through a document model, after the validator.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::ctl {

// Returns the top-level members of one JSON object, each value's bytes unchanged; nullopt if the text is not an object
// or has a name twice.
using Members = std::map<std::string, std::string, std::less<>>;
std::optional<Members> scan_members(std::string_view object);

// Returns the text of a member that is a JSON string; empty if the member is absent or not a string.
std::string text_member(const Members& members, std::string_view name);

// Returns the elements of a JSON array, the bytes of each unchanged. `array` must be valid JSON and outlive the result.
std::vector<std::string_view> elements_of(std::string_view array);

// True if this state of a request is an end.
bool is_finished(std::string_view state);

// Returns a finished request on one line: {"key"?,"id","cursor"?,"state","text" or "error"}. "text" is the answer's
// text, or, if it has none, the whole response as a string. A response that isn't JSON is shown as the daemon does, by
// "response_fault" and "response_base64".
std::string result_line(const Members& request);

// Returns "STATUS: message" of an error value or a problem document, for people.
std::string error_words(std::string_view error);

}  // namespace batchd::ctl
