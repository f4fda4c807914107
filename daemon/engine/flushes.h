// What somebody asked to leave at once: in memory only, since whoever asked is still there to ask again.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/packer.h"
#include "core/types.h"

namespace batchd::daemon {

class Flushes {
 public:
  // Everything that lanes like these have queued until `now` leaves as soon as there is a slot. Ring wakeups.pack
  // after.
  void ask(const core::LaneSelector& lanes, core::WallTime now) { asked_[lanes] = now; }
  // The latest wish for this lane; none: there is none.
  std::optional<core::WallTime> of(const core::Lane& lane) const;
  // Forgets the wishes that are fulfilled: nothing in the queue is as old.
  void forget_fulfilled(const std::vector<core::LaneQueue>& queues);

 private:
  std::map<core::LaneSelector, core::WallTime> asked_;
};

}  // namespace batchd::daemon
