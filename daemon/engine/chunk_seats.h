// Limits how many chunks of stored results are in memory at the same time, so that a crowd of slow readers can't fill
// it. A reader with a seat may hold one chunk. While others wait, a reader idle longer than `patience` loses its seat
// and its chunk, and reads the chunk from the store again when its client has caught up. For use on the executor's
// thread only; ChunkSeats must outlive every Seat.
#pragma once

#include <list>
#include <string>
#include <unordered_map>

#include "core/ids.h"
#include "daemon/net/net.h"

namespace batchd::daemon {

struct ChunkSeatLimits {
  int seats = 16;                          // each for one chunk
  std::chrono::milliseconds patience{50};  // with a client that doesn't take what it was sent while others wait
};

class ChunkSeats {
 public:
  explicit ChunkSeats(Executor executor, ChunkSeatLimits limits = {}) : limits_(limits), timer_(executor) {}

  // One reader's claim to a seat, which the destructor gives up.
  class Seat {
   public:
    Seat(ChunkSeats& seats, core::OwnerId owner) : seats_(seats), owner_(owner) {}
    Seat(const Seat&) = delete;
    ~Seat() { leave(); }

    // Waits for a seat and holds no chunk meanwhile. The next seat goes to the waiting reader whose owner has the
    // fewest. Returns false if the wait was cancelled. No reader loses its seat before it has called rest().
    Task<bool> sit();
    bool seated() const { return seated_; }
    // Notes that the chunk has been of use. From now on the seat may be taken away; the reader whose last rest() is the
    // longest ago loses its seat first.
    void rest();
    void leave();  // gives the seat and the chunk up

    std::string chunk;  // filled by the reader while it is seated; emptied when the seat is lost or given up

   private:
    friend class ChunkSeats;
    void give_up();
    ChunkSeats& seats_;
    const core::OwnerId owner_;
    bool seated_ = false;
    bool resting_ = false;
    Timer::time_point since_;           // time of the last rest()
    std::list<Seat*>::iterator place_;  // in ChunkSeats::resting_
  };

  int taken() const { return taken_; }

 private:
  struct Waiting {
    Seat* seat;
    Timer timer;
  };
  int taken_of(core::OwnerId owner) const;
  std::list<Waiting*>::iterator next_waiting();
  Seat* to_be_taken_away(core::OwnerId for_whom) const;
  void serve();
  void look_again();

  const ChunkSeatLimits limits_;
  int taken_ = 0;
  std::unordered_map<core::OwnerId, int> taken_of_;
  std::list<Seat*> resting_;     // oldest rest() first
  std::list<Waiting*> waiting_;  // in order of arrival
  Timer timer_;                  // expires when the first of resting_ has rested for `patience`
};

}  // namespace batchd::daemon
