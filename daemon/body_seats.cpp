#include "daemon/body_seats.h"

namespace batchd::daemon {

bool BodySeats::may_sit(core::OwnerId owner) const {
  const auto mine = taken_of_.find(owner);
  return taken_ < limits_.seats && (mine == taken_of_.end() || mine->second < limits_.owner_seats);
}

void BodySeats::sit(core::OwnerId owner) {
  ++taken_;
  ++taken_of_[owner];
}

Task<bool> BodySeats::take(core::OwnerId owner) {
  // Nobody is passed over: whoever waits could not sit when a seat last came free.
  if (may_sit(owner)) {
    sit(owner);
    co_return true;
  }
  Waiting me{owner, Timer(executor_, limits_.wait)};
  // Leaves the list however this coroutine ends.
  struct Place {
    std::list<Waiting*>& list;
    std::list<Waiting*>::iterator at;
    ~Place() { list.erase(at); }
  };
  const Place place{waiting_, waiting_.insert(waiting_.end(), &me)};
  co_await me.timer.async_wait(as_tuple_task);
  co_return me.seated;
}

void BodySeats::give_back(core::OwnerId owner) {
  --taken_;
  const auto mine = taken_of_.find(owner);
  if (--mine->second == 0) taken_of_.erase(mine);
  for (auto* next : waiting_) {
    if (next->seated || !may_sit(next->owner)) continue;
    sit(next->owner);
    next->seated = true;
    next->timer.cancel();  // resumes by a posted handler, so nobody leaves the list while it is walked
  }
}

}  // namespace batchd::daemon
