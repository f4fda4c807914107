// Which version of batchd this is. Only one small file is compiled anew for another one.
#pragma once

#include <string_view>

namespace batchd::core {

// Returns the version of the programs, as `--version` prints it ("0.1.0"); it stays valid for the whole run.
std::string_view version();

}  // namespace batchd::core
