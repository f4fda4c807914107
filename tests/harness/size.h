// How large a test is: small in every run of the tests, full in `tools/check --long`.
#pragma once

#include <cstdlib>

namespace batchd::harness {

// Returns whether BATCHD_E2E_LONG asks for full sizes.
inline bool runs_long() {
  const char* text = std::getenv("BATCHD_E2E_LONG");
  return text != nullptr && text[0] == '1';
}

// Returns what the environment's `variable` says if it is set, else `full` in a long run and `small` in any other.
inline int size_of(const char* variable, int small, int full) {
  const char* text = std::getenv(variable);
  if (text != nullptr) return std::atoi(text);
  return runs_long() ? full : small;
}

// Returns the number of requests of a test; BATCHD_E2E_REQUESTS overrides it, for slow builds and slow machines.
inline int requests_of(int small, int full) { return size_of("BATCHD_E2E_REQUESTS", small, full); }

}  // namespace batchd::harness
