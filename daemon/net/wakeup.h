// A coalescing wake: any number of wake()s before or during a wait make one wake-up. Stages meet in the store and only
// tell each other "look now"; a lost wake costs time, never correctness, since every stage also looks by itself.
#pragma once

#include <optional>

#include "core/time.h"
#include "daemon/net/net.h"

namespace batchd::daemon {

class Wakeup {
 public:
  explicit Wakeup(const Executor& executor) : timer_(executor) {}

  void wake() {
    woken_ = true;
    timer_.cancel();
  }

  // Returns when woken, at `due` at the latest (none: never by itself), or when cancelled. One waiter at a time.
  Task<void> wait_until(std::optional<core::SteadyTime> due) {
    if (!woken_) {
      timer_.expires_at(due ? std::chrono::steady_clock::time_point(*due)
                            : std::chrono::steady_clock::time_point::max());
      co_await timer_.async_wait(as_tuple_task);
    }
    woken_ = false;
  }

 private:
  Timer timer_;
  bool woken_ = false;
};

}  // namespace batchd::daemon
