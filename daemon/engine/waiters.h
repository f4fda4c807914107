// Wakes callers that wait for a request to end, and streams that follow an owner's results. A wake-up is only a hint:
// the truth is in the store, and the caller looks there when woken. Since a wake-up may be lost, a caller also looks
// every polling.max, and a stream at each heartbeat. For use on the executor's thread only.
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

  // One caller's interest in one request or in all of an owner's; the destructor ends it. Construct the ticket first,
  // then look in the store, then wait: an end between the look and the wait is not missed.
  template <class IdType>
  class TicketFor;
  using Ticket = TicketFor<core::RequestId>;
  using OwnerTicket = TicketFor<core::OwnerId>;

  // Wakes those who wait for one of `finished` or its owner; owners[i] is the owner of finished[i].
  void notify(const std::vector<core::RequestId>& finished, const std::vector<core::OwnerId>& owners);
  void notify_all();  // wakes every ticket, because the daemon stops and every call is answered now
  // Wakes every ticket that is about a request or an owner, because callers may have lost their bearer token.
  void notify_waiting();
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
  // Waits until one of the notify calls wakes this ticket, until `due`, or until the coroutine is cancelled. Returns at
  // once if the ticket was woken since the last wait.
  Task<void> wait_until(core::SteadyTime due) { return call_.wait_until(due); }

 private:
  Call call_;
  Table<IdType>& table_;
  typename Table<IdType>::iterator place_;
};

}  // namespace batchd::daemon
