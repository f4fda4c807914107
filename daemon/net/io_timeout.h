// A bound on one wait at a time, cheap enough to be moved for every read and write: the timer behind it is only started
// anew when the deadline moves closer. One thread, that of the executor.
#pragma once

#include <functional>
#include <memory>

#include "daemon/net/net.h"

namespace batchd::daemon {

class IoTimeout {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // `on_expiry` makes the pending wait fail (by cancelling or closing its socket). It is never called after disarm()
  // or the end of this object.
  IoTimeout(Executor executor, std::function<void()> on_expiry);
  ~IoTimeout();
  IoTimeout(const IoTimeout&) = delete;
  IoTimeout& operator=(const IoTimeout&) = delete;

  void arm(Instant at);
  void arm(std::chrono::milliseconds from_now) { arm(std::chrono::steady_clock::now() + from_now); }
  void disarm();         // cheap: the timer runs on for nothing
  void stop();           // disarms, and leaves no pending wait that would keep the executor busy
  bool expired() const;  // since the last arm()

 private:
  struct State;
  static void wait(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace batchd::daemon
