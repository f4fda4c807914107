// Callers that hold their call until a request ends, and streams that follow an owner's results. They are only hints:
// the truth is in the store, and whoever is woken looks there.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/ids.h"
#include "core/time.h"
#include "daemon/net/net.h"

namespace batchd::daemon {

class Waiters {
 public:
  explicit Waiters(Executor executor) : executor_(std::move(executor)) {}

  // One caller's interest, from construction to destruction, in one request or in all of an owner's. Register first,
  // then look in the store, then wait: an end that comes between the two is not missed.
  template <class IdType>
  class TicketFor;
  using Ticket = TicketFor<core::RequestId>;
  using OwnerTicket = TicketFor<core::OwnerId>;

  // `owners`: of `finished`, one for one.
  void notify(const std::vector<core::RequestId>& finished, const std::vector<core::OwnerId>& owners);
  void notify_all();  // the daemon stops: everybody answers now
  void
  notify_waiting();  // callers may have lost their token: everybody who waits for a request or an owner looks again
  std::size_t size() const { return requests_.size() + owners_.size(); }

 private:
  class Call {
   public:
    explicit Call(const Executor& executor) : timer_(executor) {}
    Task<void> wait_until(core::SteadyTime due);
    void wake();

   private:
    Timer timer_;
    bool called_ = false;
  };
  template <class IdType>
  using Table = std::unordered_multimap<IdType, Call*>;
  template <class IdType>
  static void wake(const Table<IdType>& table, IdType id);

  Table<core::RequestId>& table_of(core::RequestId) { return requests_; }
  Table<core::OwnerId>& table_of(core::OwnerId) { return owners_; }

  Executor executor_;
  Table<core::RequestId> requests_;
  Table<core::OwnerId> owners_;
};

template <class IdType>
class Waiters::TicketFor {
 public:
  TicketFor(Waiters& waiters, IdType id)
      : call_(waiters.executor_), table_(waiters.table_of(id)), place_(table_.emplace(id, &call_)) {}
  TicketFor(const TicketFor&) = delete;
  ~TicketFor() { table_.erase(place_); }
  // Until something it is about ends, `due`, the daemon stops, or the coroutine is cancelled.
  Task<void> wait_until(core::SteadyTime due) { return call_.wait_until(due); }

 private:
  Call call_;
  Table<IdType>& table_;
  typename Table<IdType>::iterator place_;
};

}  // namespace batchd::daemon
