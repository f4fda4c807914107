// How many large bodies may be in memory at the same time: a crowd that sends slowly must not fill it, and nobody may
// have so many that another has none. One thread, that of the executor; outlives whoever sits or waits.
#pragma once

#include <list>
#include <unordered_map>

#include "core/ids.h"
#include "daemon/net/net.h"

namespace batchd::daemon {

// Whoever has more than this of a body in memory needs a seat, and then has at most about two chunks there (a bulk
// submission: four).
inline constexpr std::int64_t kBodyBytesWithoutSeat = 64 << 10;

struct BodySeatLimits {
  int seats = 64;
  int owner_seats = 32;  // of these at most; and never more than there are free ones
  std::chrono::milliseconds wait = std::chrono::seconds(10);
  // Somebody who has waited for so long may have the seat of a body that comes more slowly than this (bytes/s).
  std::chrono::milliseconds patience = std::chrono::seconds(3);
  std::int64_t rate = 64 << 10;
};

class BodySeats {
 public:
  explicit BodySeats(Executor executor, BodySeatLimits limits = {}) : executor_(std::move(executor)), limits_(limits) {}

  // One body's, from construction to destruction.
  class Seat {
   public:
    Seat(BodySeats& seats, core::OwnerId owner)
        : seats_(seats), owner_(owner), called_(seats.executor_, Timer::time_point::max()) {}
    Seat(const Seat&) = delete;
    ~Seat() { leave(); }

    // Waits its turn for a seat; who came first among those whose owner may have one sits first. False: none came free
    // in time, the wait was cancelled, or the seats are closed. Nobody who sits waits for another seat, so there is no
    // deadlock.
    Task<bool> take();
    bool taken() const { return taken_; }
    void came(std::int64_t bytes);  // of the body
    // Another needs this seat, and its body comes slowly: it is to be left soon. Until then; cancellable.
    Task<void> wanted();
    bool is_wanted() const { return wanted_; }
    void leave();

   private:
    friend class BodySeats;
    BodySeats& seats_;
    const core::OwnerId owner_;
    bool taken_ = false;
    bool wanted_ = false;
    Timer called_;                      // cancelled when it is wanted
    Timer::time_point quick_until_;     // what has come is enough until then
    std::list<Seat*>::iterator place_;  // among those who sit
  };

  int taken() const { return static_cast<int>(sitting_.size()); }
  // Nobody sits down any more; those who wait are told so at once.
  void close();

 private:
  struct Waiting {
    Seat* seat;
    Timer timer;
  };
  int taken_of(core::OwnerId owner) const;
  bool may_sit(core::OwnerId owner, int more_free = 0) const;
  void sit(Seat& seat);
  void serve();
  void want_one_for(core::OwnerId owner);

  const Executor executor_;
  const BodySeatLimits limits_;
  std::unordered_map<core::OwnerId, int> taken_of_;
  std::list<Seat*> sitting_;
  std::list<Waiting*> waiting_;  // the longest first
  bool closed_ = false;
};

}  // namespace batchd::daemon
