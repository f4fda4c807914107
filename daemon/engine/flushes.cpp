#include "daemon/engine/flushes.h"

#include <algorithm>

namespace batchd::daemon {

std::optional<core::WallTime> Flushes::of(const core::Lane& lane) const {
  std::optional<core::WallTime> latest;
  for (const auto& [lanes, when] : asked_)
    if (core::matches(lanes, lane)) latest = std::max(latest.value_or(when), when);
  return latest;
}

void Flushes::forget_fulfilled(const std::vector<core::LaneQueue>& queues) {
  std::erase_if(asked_, [&](const auto& wish) {
    const auto meant = [&](const core::LaneQueue& queue) {
      const auto waits = [&](const core::OwnerQueue& owner) { return owner.oldest <= wish.second; };
      return core::matches(wish.first, queue.lane) && std::ranges::any_of(queue.owners, waits);
    };
    return std::ranges::none_of(queues, meant);
  });
}

}  // namespace batchd::daemon
