// Why a command failed, as text and as an exit code. Thrown where any of many steps may fail.
#pragma once

#include <string>

namespace batchd::ctl {

struct CommandError {
  int exit_code;
  std::string what;
};

}  // namespace batchd::ctl
