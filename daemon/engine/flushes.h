// The lanes whose queue an operator has asked to send at once. In memory only: after a restart the operator can ask
// again.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/packer.h"
#include "core/types.h"

namespace batchd::daemon {

class Flushes {
 public:
  // Lets everything that the lanes matching `lanes` have queued until `now` leave as soon as there is a slot. The
  // caller wakes wakeups.pack afterwards.
  void ask(const core::LaneSelector& lanes, core::WallTime now) { asked_[lanes] = now; }
  // Returns the time of the latest flush that covers this lane; nullopt if there is none.
  std::optional<core::WallTime> of(const core::Lane& lane) const;
  // Forgets the flushes that are complete: their lanes have nothing queued that is as old.
  void forget_fulfilled(const std::vector<core::LaneQueue>& queues);

 private:
  std::map<core::LaneSelector, core::WallTime> asked_;
};

}  // namespace batchd::daemon
