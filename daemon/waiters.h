// Callers that hold their call until a request ends. They are only hints: the truth is in the store, and a waiter that
// is woken looks there.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/ids.h"
#include "core/time.h"
#include "daemon/net.h"

namespace batchd::daemon {

class Waiters {
 public:
  explicit Waiters(Executor executor) : executor_(std::move(executor)) {}

  // One caller's interest, from construction to destruction. Register first, then look in the store, then wait: an end
  // that comes between the two is not missed.
  class Ticket {
   public:
    Ticket(Waiters& waiters, core::RequestId request);
    Ticket(const Ticket&) = delete;
    ~Ticket();
    // Until the request ends, `due`, the daemon stops, or the coroutine is cancelled.
    Task<void> wait_until(core::SteadyTime due);

   private:
    friend class Waiters;
    Waiters& waiters_;
    std::unordered_multimap<core::RequestId, Ticket*>::iterator place_;
    Timer timer_;
    bool called_ = false;
  };

  void notify(const std::vector<core::RequestId>& finished);
  void notify_all();  // the daemon stops: everybody answers now
  std::size_t size() const { return tickets_.size(); }

 private:
  static void call(Ticket& ticket);

  Executor executor_;
  std::unordered_multimap<core::RequestId, Ticket*> tickets_;
};

}  // namespace batchd::daemon
