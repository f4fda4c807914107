// Reads a key from a terminal, a pipe or a file.
#pragma once

#include <string>

namespace batchd::ctl {

// Returns what `file` holds ("-": standard input). Asks a terminal for one line, with `prompt` on standard error and no
// echo, which a signal restores. Throws CommandError if the key can't be read unseen, or is longer than any key.
std::string read_secret(const std::string& file, const std::string& prompt);

}  // namespace batchd::ctl
