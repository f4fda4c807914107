// Another program of this host, run to its end: no shell, and nothing secret in its arguments or environment.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::ctl {

struct Program {
  std::string name;  // a path, or a name to be looked for in $PATH
  std::vector<std::string> arguments = {};
  std::string_view input = {};  // its standard input, at most 4 KiB
  std::chrono::seconds patience = std::chrono::seconds(180);
};

struct ProgramEnd {
  int code;         // 128 + the signal that ended it
  std::string out;  // at most 64 KiB of each
  std::string err;
};

// None: it can't be started, or didn't end in time (and was killed then).
std::optional<ProgramEnd> run_program(const Program& program);

// The program `name` that was installed beside this one; else just its name.
std::string beside_us(const std::string& name);

}  // namespace batchd::ctl
