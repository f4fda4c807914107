// Texts that people and other programs give, before they go into JSON or a query.
#pragma once

#include <string>
#include <string_view>

namespace batchd::ctl {

// Returns why the text can't be sent as it is, for people ("isn't UTF-8 at byte 4 ..."); empty if it can. What isn't
// UTF-8 can't be said in JSON: the API refuses it, and nothing replaces it here.
std::string text_fault(std::string_view text);
// Returns what is wrong with an empty text, which would be taken for none; empty if the text isn't.
std::string empty_fault(std::string_view text);
// Returns either fault, for the values of options.
std::string value_fault(std::string_view text);
// Returns true if there is nothing but white space.
bool is_blank(std::string_view text);

}  // namespace batchd::ctl
