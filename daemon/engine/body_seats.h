// Limits how many large request bodies are in memory at the same time, so that a crowd of slow senders can't fill it
// and no owner takes so many seats that another gets none. For use on the executor's thread only; BodySeats must
// outlive every Seat.
#pragma once

#include <list>
#include <unordered_map>

#include "core/ids.h"
#include "daemon/net/net.h"

namespace batchd::daemon {

// A submission that holds more than this of a body in memory needs a seat. With a seat it holds at most about two
// chunks (a bulk submission: four).
inline constexpr std::int64_t kBodyBytesWithoutSeat = 64 << 10;

struct BodySeatLimits {
  int seats = 64;
  int owner_seats = 32;  // at most this many for one owner, and never more than the free seats
  std::chrono::milliseconds wait = std::chrono::seconds(10);  // for which take() waits at most
  // A submission that has waited for `patience` may take over the seat of a body that arrives at less than `rate`.
  std::chrono::milliseconds patience = std::chrono::seconds(3);
  std::int64_t rate = 64 << 10;  // bytes/s
};

class BodySeats {
 public:
  explicit BodySeats(Executor executor, BodySeatLimits limits = {}) : executor_(std::move(executor)), limits_(limits) {}

  // One body's claim to a seat, which the destructor gives up.
  class Seat {
   public:
    Seat(BodySeats& seats, core::OwnerId owner)
        : seats_(seats), owner_(owner), called_(seats.executor_, Timer::time_point::max()) {}
    Seat(const Seat&) = delete;
    ~Seat() { leave(); }

    // Waits for a seat. Seats are given in order of arrival, skipping those whose owner may have no more. Returns false
    // if no seat came free within `wait`, the wait was cancelled, or close() was called. There is no deadlock as long
    // as a caller that has a seat does not wait for another.
    Task<bool> take();
    bool taken() const { return taken_; }
    void received(std::int64_t bytes);  // notes that `bytes` more of the body have arrived
    // Returns when another body needs this seat because this one arrives too slowly: the caller is then to call leave()
    // soon. Cancellable.
    Task<void> eviction_requested();
    bool is_wanted() const { return wanted_; }  // true once eviction_requested() would return at once
    void leave();                               // gives the seat up; without one it does nothing

   private:
    friend class BodySeats;
    BodySeats& seats_;
    const core::OwnerId owner_;
    bool taken_ = false;
    bool wanted_ = false;
    Timer called_;                      // cancelled when the seat is wanted
    Timer::time_point rate_ok_until_;   // until then the bytes received so far satisfy `rate`
    std::list<Seat*>::iterator place_;  // in BodySeats::sitting_
  };

  int taken() const { return static_cast<int>(sitting_.size()); }
  // Gives out no more seats; every pending take() returns false at once.
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
  std::list<Waiting*> waiting_;  // in order of arrival
  bool closed_ = false;
};

}  // namespace batchd::daemon
