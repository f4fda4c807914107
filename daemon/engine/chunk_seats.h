// How many chunks of stored results are in memory for their readers: a crowd that reads slowly must not fill it. Who
// has a seat may have a chunk; who rests on it for too long while another waits loses both, and reads the chunk anew
// when its client has caught up. One thread, that of the executor; outlives whoever sits or waits.
#pragma once

#include <list>
#include <string>
#include <unordered_map>

#include "core/ids.h"
#include "daemon/net/net.h"

namespace batchd::daemon {

struct ChunkSeatLimits {
  int seats = 16;                          // of a chunk each
  std::chrono::milliseconds patience{50};  // with a client that doesn't take what it was sent, while others wait
};

class ChunkSeats {
 public:
  explicit ChunkSeats(Executor executor, ChunkSeatLimits limits = {}) : limits_(limits), timer_(executor) {}

  // One reader's, from construction to destruction.
  class Seat {
   public:
    Seat(ChunkSeats& seats, core::OwnerId owner) : seats_(seats), owner_(owner) {}
    Seat(const Seat&) = delete;
    ~Seat() { leave(); }

    // Waits for a seat; holds nothing meanwhile. Among those who wait, the owner who has the fewest is next. False: the
    // wait was cancelled. Nobody loses a seat before the first rest() on it.
    Task<bool> sit();
    bool seated() const { return seated_; }
    // The chunk has been of use; from now on the seat may be taken away, and is the first to be if it is not for long.
    void rest();
    void leave();

    std::string chunk;  // whoever sits puts it here; gone with the seat

   private:
    friend class ChunkSeats;
    void give_up();
    ChunkSeats& seats_;
    const core::OwnerId owner_;
    bool seated_ = false;
    bool resting_ = false;
    Timer::time_point since_;           // of the rest
    std::list<Seat*>::iterator place_;  // among those who rest
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
  std::list<Seat*> resting_;     // the longest first
  std::list<Waiting*> waiting_;  // the longest first
  Timer timer_;                  // of the moment in which somebody's patience ends
};

}  // namespace batchd::daemon
