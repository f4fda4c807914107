// Why a command failed, as text and as an exit code.
#pragma once

#include <string>

namespace batchd::ctl {

struct CommandError {
  int exit_code;
  std::string what;
};

}  // namespace batchd::ctl
