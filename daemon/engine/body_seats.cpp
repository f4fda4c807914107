#include "daemon/engine/body_seats.h"

#include <algorithm>

namespace batchd::daemon {

using Clock = Timer::clock_type;

int BodySeats::taken_of(core::OwnerId owner) const {
  const auto mine = taken_of_.find(owner);
  return mine == taken_of_.end() ? 0 : mine->second;
}

// An owner must leave at least as many seats free as it has: the first owner may take half of all seats, the next half
// of what is left.
bool BodySeats::may_sit(core::OwnerId owner, int more_free) const {
  if (closed_) return false;
  const int free = limits_.seats - taken() + more_free;
  return taken_of(owner) < std::min(limits_.owner_seats, free);
}

void BodySeats::sit(Seat& seat) {
  ++taken_of_[seat.owner_];
  seat.place_ = sitting_.insert(sitting_.end(), &seat);
  seat.taken_ = true;
  seat.rate_ok_until_ = Clock::now() + limits_.patience;
}

Task<bool> BodySeats::Seat::take() {
  // This passes nobody over: all who wait could not be seated when a seat last came free.
  if (seats_.may_sit(owner_)) {
    seats_.sit(*this);
    co_return true;
  }
  Waiting me{this, Timer(seats_.executor_)};
  // Leaves the list however this coroutine ends.
  struct Place {
    std::list<Waiting*>& list;
    std::list<Waiting*>::iterator at;
    ~Place() { list.erase(at); }
  };
  const Place place{seats_.waiting_, seats_.waiting_.insert(seats_.waiting_.end(), &me)};
  const auto until = Clock::now() + seats_.limits_.wait;
  for (bool woken = seats_.closed_; !taken_ && !woken && Clock::now() < until;) {
    me.timer.expires_at(std::min(until, Clock::now() + seats_.limits_.patience));
    const auto [error] = co_await me.timer.async_wait(as_tuple_task);
    woken = static_cast<bool>(error);
    if (!woken && !taken_ && Clock::now() < until) seats_.want_one_for(owner_);
  }
  co_return taken_;
}

void BodySeats::Seat::received(std::int64_t bytes) {
  const auto now = Clock::now();
  const auto bought = std::chrono::nanoseconds(std::chrono::seconds(1)) * bytes / seats_.limits_.rate;
  rate_ok_until_ = std::min<Clock::time_point>(std::max(rate_ok_until_, now) + bought, now + seats_.limits_.patience);
}

Task<void> BodySeats::Seat::eviction_requested() {
  if (!wanted_) co_await called_.async_wait(as_tuple_task);
}

void BodySeats::Seat::leave() {
  if (!taken_) return;
  const auto mine = seats_.taken_of_.find(owner_);
  if (--mine->second == 0) seats_.taken_of_.erase(mine);
  seats_.sitting_.erase(place_);
  taken_ = wanted_ = false;
  seats_.serve();
}

void BodySeats::close() {
  closed_ = true;
  for (auto* waiting : waiting_) waiting->timer.cancel();
}

void BodySeats::serve() {
  for (auto* next : waiting_) {
    if (next->seat->taken_ || !may_sit(next->seat->owner_)) continue;
    sit(*next->seat);
    next->timer.cancel();  // resumes the waiter by a posted handler, so the list doesn't change during this loop
  }
}

// Requests the eviction of the slowest body whose owner has more seats than `owner`, so no owner's crowd evicts that
// owner's own bodies. Does nothing if `owner` could not use the freed seat, or if enough seats are being left already.
void BodySeats::want_one_for(core::OwnerId owner) {
  const auto leaving =
      static_cast<int>(std::ranges::count_if(sitting_, [](const Seat* seat) { return seat->wanted_; }));
  if (may_sit(owner, leaving) || !may_sit(owner, leaving + 1)) return;
  const auto now = Clock::now();
  Seat* slowest = nullptr;
  for (auto* seat : sitting_) {
    if (seat->wanted_ || seat->rate_ok_until_ >= now || taken_of(seat->owner_) <= taken_of(owner)) continue;
    if (slowest == nullptr || seat->rate_ok_until_ < slowest->rate_ok_until_) slowest = seat;
  }
  if (slowest == nullptr) return;
  slowest->wanted_ = true;
  slowest->called_.cancel();
}

}  // namespace batchd::daemon
