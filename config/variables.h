// How names are written in the environment's variables: in capitals, and with '_' for '-', which no shell takes.
#pragma once

#include <string>
#include <string_view>

namespace batchd::config {

// Returns `text` with its ASCII letters small.
std::string lower_case(std::string_view text);

// Returns `name`, a section, key, account or kind of provider, as a part of a variable's name.
std::string in_variable(std::string_view name);

}  // namespace batchd::config
