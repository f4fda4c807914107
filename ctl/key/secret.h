// A key on its way from a person or a file.
#pragma once

#include <string>

namespace batchd::ctl {

// Returns what `file` holds ("-": standard input). A terminal is asked for one line with `prompt` on standard error:
// what is typed isn't shown, and a signal that ends batchctl finds the terminal as it was before. Throws CommandError
// if it can't be read, not without being shown, or is longer than any key.
std::string read_secret(const std::string& file, const std::string& prompt);

}  // namespace batchd::ctl
