// How many large bodies may be in memory at the same time: a crowd that sends slowly must not fill it. One thread, that
// of the executor; outlives whoever sits or waits.
#pragma once

#include <list>
#include <unordered_map>

#include "core/ids.h"
#include "daemon/net.h"

namespace batchd::daemon {

// Whoever has more than this of a body in memory needs a seat, and then has at most about two chunks there (a bulk
// submission: four).
inline constexpr std::int64_t kBodyBytesWithoutSeat = 64 << 10;

struct BodySeatLimits {
  int seats = 64;
  int owner_seats = 32;  // of these, so that one owner can't take all
  std::chrono::milliseconds wait = std::chrono::seconds(10);
};

class BodySeats {
 public:
  explicit BodySeats(Executor executor, BodySeatLimits limits = {}) : executor_(std::move(executor)), limits_(limits) {}

  // Waits its turn for a seat; who came first among those whose owner may have one sits first. False: none came free in
  // time, or the wait was cancelled. Nobody who sits waits for another seat, so there is no deadlock.
  Task<bool> take(core::OwnerId owner);
  void give_back(core::OwnerId owner);
  int taken() const { return taken_; }

 private:
  struct Waiting {
    core::OwnerId owner;
    Timer timer;
    bool seated = false;
  };
  bool may_sit(core::OwnerId owner) const;
  void sit(core::OwnerId owner);

  const Executor executor_;
  const BodySeatLimits limits_;
  int taken_ = 0;
  std::unordered_map<core::OwnerId, int> taken_of_;
  std::list<Waiting*> waiting_;  // the longest first
};

}  // namespace batchd::daemon
