#include "daemon/engine/waiters.h"

namespace batchd::daemon {

Task<void> Waiters::Call::wait_until(core::SteadyTime due) {
  if (!called_) {
    timer_.expires_at(due);
    co_await timer_.async_wait(as_tuple_task);
  }
  called_ = false;
}

void Waiters::Call::wake() {
  called_ = true;
  timer_.cancel();  // resumes the waiter by a posted handler, so no table changes while it is iterated
}

template <class IdType>
void Waiters::wake(const Table<IdType>& table, IdType id) {
  const auto [first, last] = table.equal_range(id);
  for (auto it = first; it != last; ++it) it->second->wake();
}

void Waiters::notify(const std::vector<core::RequestId>& finished, const std::vector<core::OwnerId>& owners) {
  for (const auto request : finished) wake(requests_, request);
  core::OwnerId woken;  // neighbours in a batch mostly belong to one owner, who is woken once for them
  for (const auto owner : owners) {
    if (owner != woken) wake(owners_, owner);
    woken = owner;
  }
}

// A ticket for no request (RequestId()) waits only for the stop, so it is not woken here.
void Waiters::notify_waiting() {
  for (auto& [request, call] : requests_)
    if (request != core::RequestId()) call->wake();
  for (auto& [owner, call] : owners_) call->wake();
}

void Waiters::notify_all() {
  for (auto& [request, call] : requests_) call->wake();
  for (auto& [owner, call] : owners_) call->wake();
}

}  // namespace batchd::daemon
