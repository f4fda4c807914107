#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace batchd::core {

void check_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "batchd: bug: CHECK(%s) failed at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace batchd::core
