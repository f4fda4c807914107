#include "daemon/engine/chunk_seats.h"

#include <algorithm>

namespace batchd::daemon {

Task<bool> ChunkSeats::Seat::sit() {
  if (seated_) co_return true;
  Waiting me{this, Timer(seats_.timer_.get_executor(), Timer::time_point::max())};
  // Leaves the list however this coroutine ends; serve() has already removed a reader that it seated.
  struct Place {
    ChunkSeats& seats;
    Waiting& me;
    ~Place() { seats.waiting_.remove(&me); }
  };
  const Place place{seats_, me};
  seats_.waiting_.push_back(&me);
  seats_.serve();
  if (!seated_) co_await me.timer.async_wait(as_tuple_task);
  co_return seated_;
}

void ChunkSeats::Seat::rest() {
  if (!seated_) return;
  if (resting_) seats_.resting_.erase(place_);
  place_ = seats_.resting_.insert(seats_.resting_.end(), this);
  resting_ = true;
  since_ = Timer::clock_type::now();
  if (!seats_.waiting_.empty()) seats_.serve();
}

void ChunkSeats::Seat::leave() {
  std::string().swap(chunk);  // an assignment would keep its room
  if (!seated_) return;
  give_up();
  seats_.serve();
}

void ChunkSeats::Seat::give_up() {
  std::string().swap(chunk);  // an assignment would keep its room
  if (resting_) seats_.resting_.erase(place_);
  seated_ = resting_ = false;
  --seats_.taken_;
  const auto mine = seats_.taken_of_.find(owner_);
  if (--mine->second == 0) seats_.taken_of_.erase(mine);
}

int ChunkSeats::taken_of(core::OwnerId owner) const {
  const auto mine = taken_of_.find(owner);
  return mine == taken_of_.end() ? 0 : mine->second;
}

std::list<ChunkSeats::Waiting*>::iterator ChunkSeats::next_waiting() {
  const auto fewer = [this](const Waiting* a, const Waiting* b) {
    return taken_of(a->seat->owner_) < taken_of(b->seat->owner_);
  };
  return std::min_element(waiting_.begin(), waiting_.end(), fewer);
}

// A seat whose owner has at least two more than `for_whom` is taken away without waiting for `patience`.
ChunkSeats::Seat* ChunkSeats::to_be_taken_away(core::OwnerId for_whom) const {
  if (resting_.empty()) return nullptr;
  if (Timer::clock_type::now() - resting_.front()->since_ >= limits_.patience) return resting_.front();
  const auto fair = taken_of(for_whom) + 1;
  const auto rich =
      std::find_if(resting_.begin(), resting_.end(), [&](const Seat* seat) { return taken_of(seat->owner_) > fair; });
  return rich == resting_.end() ? nullptr : *rich;
}

void ChunkSeats::serve() {
  while (!waiting_.empty()) {
    const auto next = next_waiting();
    auto& seat = *(*next)->seat;
    if (taken_ >= limits_.seats) {
      auto* loser = to_be_taken_away(seat.owner_);
      if (loser == nullptr) return look_again();
      loser->give_up();
    }
    ++taken_;
    ++taken_of_[seat.owner_];
    seat.seated_ = true;
    (*next)->timer.cancel();
    waiting_.erase(next);
  }
}

void ChunkSeats::look_again() {
  if (resting_.empty()) return;  // the next rest() or leave() calls serve()
  timer_.expires_at(resting_.front()->since_ + limits_.patience);
  timer_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled) serve();
  });
}

}  // namespace batchd::daemon
