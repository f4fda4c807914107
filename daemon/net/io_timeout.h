// A deadline for one wait at a time. It is cheap enough to be moved for every read and write, because the underlying
// timer is restarted only when the deadline moves closer. For use on the executor's thread only.
#pragma once

#include <functional>
#include <memory>

#include "daemon/net/net.h"

namespace batchd::daemon {

class IoTimeout {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // `on_expiry` must make the pending wait fail (by cancelling or closing its socket). It is never called after
  // disarm() or after this object is destroyed.
  IoTimeout(Executor executor, std::function<void()> on_expiry);
  ~IoTimeout();
  IoTimeout(const IoTimeout&) = delete;
  IoTimeout& operator=(const IoTimeout&) = delete;

  void arm(Instant at);
  void arm(std::chrono::milliseconds from_now) { arm(std::chrono::steady_clock::now() + from_now); }
  void disarm();         // cheap: the underlying timer keeps running, without effect
  void stop();           // disarms and cancels the pending timer wait, which would otherwise keep the executor running
  bool expired() const;  // true if the deadline has passed since the last arm()

 private:
  struct State;
  static void wait(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace batchd::daemon
