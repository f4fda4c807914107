// What the daemon sends, read as far as batchctl needs it. Values are found by scan and copied verbatim; only text that
// people read goes through a document model, behind the validator.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::ctl {

// The top-level members of one JSON object, each value's bytes as they stand. None: not an object, or a repeated name.
using Members = std::map<std::string, std::string, std::less<>>;
std::optional<Members> scan_members(std::string_view object);

// The text of a member that is a JSON string; empty if it isn't there or isn't a string.
std::string text_member(const Members& members, std::string_view name);

// The elements of a JSON array, each one's bytes as they stand. `array` must be valid JSON.
std::vector<std::string_view> elements_of(std::string_view array);

// Has the request ended, by its state?
bool is_finished(std::string_view state);

// The text of the only candidate's parts, joined. None: there are several, or something else than text among the parts.
std::optional<std::string> answer_text(std::string_view response);

// A finished request on one line: {"key"?,"id","cursor"?,"state","text" or "error"}; "text" is the answer's text, or,
// if it has none, the whole response as a string.
std::string result_line(const Members& request);

// "STATUS: message" of an error value or a problem document, for people.
std::string error_words(std::string_view error);

}  // namespace batchd::ctl
