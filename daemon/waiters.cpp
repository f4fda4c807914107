#include "daemon/waiters.h"

namespace batchd::daemon {

Waiters::Ticket::Ticket(Waiters& waiters, core::RequestId request)
    : waiters_(waiters), place_(waiters.tickets_.emplace(request, this)), timer_(waiters.executor_) {}

Waiters::Ticket::~Ticket() { waiters_.tickets_.erase(place_); }

Task<void> Waiters::Ticket::wait_until(core::SteadyTime due) {
  if (!called_) {
    timer_.expires_at(due);
    co_await timer_.async_wait(as_tuple_task);
  }
  called_ = false;
}

void Waiters::call(Ticket& ticket) {
  ticket.called_ = true;
  ticket.timer_.cancel();  // resumes by a posted handler, so nobody leaves the table while it is walked
}

void Waiters::notify(const std::vector<core::RequestId>& finished) {
  for (const auto request : finished) {
    const auto [first, last] = tickets_.equal_range(request);
    for (auto it = first; it != last; ++it) call(*it->second);
  }
}

void Waiters::notify_all() {
  for (auto& [request, ticket] : tickets_) call(*ticket);
}

}  // namespace batchd::daemon
