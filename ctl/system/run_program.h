// Another program of this host, run to its end: no shell, and nothing secret in its arguments or environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::ctl {

struct ProgramEnd {
  int code;          // 128 + the signal that ended it
  std::string said;  // on standard output and standard error together; at most 64 KiB
};

// Runs `command`, a path or a name in $PATH and its arguments, with `input` as its standard input. Returns nullopt if
// it can't be run, or was ended after `seconds`.
std::optional<ProgramEnd> run_program(std::vector<std::string> command, std::string_view input = {},
                                      unsigned seconds = 180);

}  // namespace batchd::ctl
