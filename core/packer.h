// When a lane's batch leaves, and who is on it. A pure function of (queue summary, limits, now): change the packing
// policy here, and nowhere else. The pack stage carries the plan out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/ids.h"
#include "core/time.h"
#include "core/types.h"

namespace batchd::core {

// One owner's queued requests in one lane.
struct OwnerQueue {
  OwnerId owner;
  std::int64_t items = 0;
  std::int64_t bytes = 0;
  std::int64_t tokens = 0;
  WallTime oldest;  // smallest queued_at
  std::optional<WallTime> nearest_deadline;
};

struct LaneQueue {
  LaneId id;
  Lane lane;
  std::vector<OwnerQueue> owners;  // only owners with items > 0
};

struct PackLimits {
  std::int64_t items = 10'000;
  std::int64_t bytes = std::int64_t{1} << 30;
  std::int64_t tokens = 2'000'000;
  Duration max_age = std::chrono::seconds(60);
};

// An upper bound on what is taken from a queue.
struct ClaimLimit {
  std::int64_t items = 0, bytes = 0, tokens = 0;
};

// How much of an owner's queue goes first. What the batch has left over after everybody's share goes to the oldest.
struct Share {
  OwnerId owner;
  ClaimLimit limit;
};

// What else decides, beside the queue.
struct Circumstances {
  std::optional<Duration> turnaround;  // of the lane: how long its jobs usually take
  std::int64_t jobs = 0;               // of the account: slots in use
  std::int64_t jobs_max = 100;         //
  std::int64_t lanes = 1;              // of the account, with something queued
  std::optional<WallTime> flush;       // somebody asked that what was queued until then leaves now
};

struct Departure {
  SealReason reason;
  std::optional<WallTime> urgent_before;  // requests with a deadline before this go first, within their owner's share
  std::vector<Share> shares;  // in each dimension together at most the batch's limit; never empty; oldest owner first
};

struct PackPlan {
  std::optional<Departure> departure;     // leaves now
  std::optional<WallTime> look_again_at;  // else: when age or a deadline will make it leave; none for an empty lane
};

// A lane leaves full (items, bytes, tokens), when its oldest request is max_age old, when a deadline is 1.5 turnarounds
// away (kTurnaroundUnknown until it is known), or when asked. A trickle must not fill the slots with tiny batches: with
// more than half of them in use the age is stretched to turnaround x lanes / (0.8 x jobs_max), and the last fifth is
// for batches that leave full, urgent or flushed.
PackPlan plan_departure(const LaneQueue& queue, const PackLimits& limits, const Circumstances& circumstances,
                        WallTime now);
inline constexpr Duration kTurnaroundUnknown = std::chrono::hours(1);

// Equal shares of `capacity` by progressive filling: who needs less than an equal part gets all it needs, the rest is
// divided among the others in the same way. One share per need, in the order of `needs`.
std::vector<std::int64_t> fair_shares(const std::vector<std::int64_t>& needs, std::int64_t capacity);

}  // namespace batchd::core
