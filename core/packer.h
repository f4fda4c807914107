// When a lane's batch leaves, and which requests are in it. A pure function of (queue summary, limits, circumstances,
// now): the packing policy is here and nowhere else. The pack stage carries the plan out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/ids.h"
#include "core/refusal.h"
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
  Suspicion suspicion;  // of a suspicious queue only
};

struct LaneQueue {
  LaneId id;
  Lane lane;
  // The requests came here because the creates that could be spent on finding out which of them the provider refuses
  // are used up. They are packed apart from all others: one owner's at a time, few at once, seldom.
  bool suspicious = false;
  std::vector<OwnerQueue> owners;  // only owners with items > 0
};

struct PackLimits {
  std::int64_t items = 10'000;
  std::int64_t bytes = std::int64_t{1} << 30;
  std::int64_t tokens = 2'000'000;
  Duration max_age = std::chrono::seconds(60);
};

// Upper bounds on what is taken from a queue.
struct ClaimLimit {
  std::int64_t items = 0, bytes = 0, tokens = 0;
};

// How much of an owner's queue is taken first. Room that is left after all shares goes to the oldest requests.
struct Share {
  OwnerId owner;
  ClaimLimit limit;
};

// What the decision depends on besides the queue.
struct Circumstances {
  std::optional<Duration> turnaround;  // how long the lane's jobs usually take; nullopt: not known
  std::int64_t jobs = 0;               // the account's job slots in use
  std::int64_t jobs_max = 100;         // the account's job slots
  std::int64_t lanes = 1;              // the account's lanes that have something queued, without suspicious queues
  std::optional<WallTime> flush;       // everything queued up to this time is to be sent now
};

struct Departure {
  SealReason reason;
  std::optional<WallTime> urgent_before;  // requests with a deadline before this are first in their owner's share
  std::vector<Share> shares;  // add up to at most the batch's limits; never empty; owner of the oldest request first
};

struct PackPlan {
  std::optional<Departure> departure;     // set: the batch leaves now
  std::optional<WallTime> look_again_at;  // else: when age or a deadline will make it leave; nullopt: only a change
};

// A batch leaves when it is full (items, bytes, tokens), when its oldest request is max_age old, when a deadline is 1.5
// turnarounds away (kTurnaroundUnknown while it isn't known), or when a flush was asked for. A trickle of requests must
// not fill the job slots with tiny batches: with more than half of the slots in use max_age is stretched to
// turnaround x lanes / (0.8 x jobs_max), and the last fifth of them is for batches that are full, urgent or flushed.
//
// Of a suspicious queue a batch leaves when an owner's next create is due (Suspicion), with that owner's requests only,
// and for no other reason. It leaves the slots to the others: it goes only while at most half of them are in use, and
// doesn't take the last one if anything else is queued.
PackPlan plan_departure(const LaneQueue& queue, const PackLimits& limits, const Circumstances& circumstances,
                        WallTime now);
inline constexpr Duration kTurnaroundUnknown = std::chrono::hours(1);

// Divides `capacity` by progressive filling: a need below an equal part is met in full, and the rest is divided among
// the other needs in the same way. Returns one share per need, in the order of `needs`.
std::vector<std::int64_t> fair_shares(const std::vector<std::int64_t>& needs, std::int64_t capacity);

}  // namespace batchd::core
