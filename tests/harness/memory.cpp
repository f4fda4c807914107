#include "tests/harness/memory.h"

#include <cstdlib>
#include <fstream>
#include <string>

namespace batchd::harness {

std::int64_t memory_kib(pid_t process, std::string_view name) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name)) return std::atoll(line.c_str() + name.size());
  return -1;
}

}  // namespace batchd::harness
