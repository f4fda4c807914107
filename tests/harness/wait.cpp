#include "tests/harness/wait.h"

#include <thread>

namespace batchd::harness {

void breathe(Milliseconds pause) { std::this_thread::sleep_for(pause); }

bool eventually(const std::function<bool()>& happened, Milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!happened()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    breathe();
  }
  return true;
}

}  // namespace batchd::harness
