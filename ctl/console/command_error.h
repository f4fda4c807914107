// Why something isn't done, in words and as an exit code.
#pragma once

#include <string>

namespace batchd::ctl {

struct CommandError {
  int exit_code;
  std::string what;
};

}  // namespace batchd::ctl
