// A coalescing wake-up: any number of wake()s before or during a wait make one. Stages meet in the store and only tell
// each other "look now". A lost wake-up costs time, never correctness: every wait has an end, after which the stage
// looks by itself (run_stage() in daemon/stages/stages.h).
#pragma once

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

  // Returns when woken, at `due` at the latest, or when cancelled. One waiter at a time.
  Task<void> wait_until(core::SteadyTime due) {
    if (!woken_) {
      timer_.expires_at(due);
      co_await timer_.async_wait(as_tuple_task);
    }
    woken_ = false;
  }

 private:
  Timer timer_;
  bool woken_ = false;
};

}  // namespace batchd::daemon
