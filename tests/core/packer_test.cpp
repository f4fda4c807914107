#include "core/packer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>

namespace batchd::core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kPackedAt{Duration(1'800'000'000'000)};

OwnerQueue owner(int id, std::int64_t items, std::int64_t bytes, std::int64_t tokens, Duration age) {
  return {.owner = OwnerId(id), .items = items, .bytes = bytes, .tokens = tokens, .oldest = kPackedAt - age};
}
LaneQueue lane(std::vector<OwnerQueue> owners) {
  return {.id = LaneId(1), .lane = {"default", "generateContent", "m"}, .owners = std::move(owners)};
}

constexpr PackLimits kLimits{.items = 100, .bytes = 1000, .tokens = 500, .max_age = seconds(60)};

TEST(Packer, LeavesForTheFirstReasonThatHolds) {
  const struct {
    const char* what;
    OwnerQueue queue;
    std::optional<SealReason> reason;
  } cases[] = {
      {"nothing is full", owner(1, 99, 999, 499, seconds(59)), {}},
      {"as many as may go", owner(1, 100, 1, 1, seconds(0)), SealReason::items},
      {"more than may go", owner(1, 1000, 1, 1, seconds(0)), SealReason::items},
      {"bytes", owner(1, 1, 1000, 1, seconds(0)), SealReason::bytes},
      {"tokens", owner(1, 1, 1, 500, seconds(0)), SealReason::tokens},
      {"age, to the millisecond", owner(1, 1, 1, 1, seconds(60)), SealReason::age},
      {"not yet", owner(1, 1, 1, 1, seconds(60) - Duration(1)), {}},
      {"full wins over old", owner(1, 100, 1000, 500, seconds(600)), SealReason::items},
      {"a clock that was set back", owner(1, 1, 1, 1, seconds(-600)), {}},
  };
  for (const auto& c : cases) {
    const auto plan = plan_departure(lane({c.queue}), kLimits, {}, kPackedAt);
    ASSERT_EQ(plan.departure.has_value(), c.reason.has_value()) << c.what;
    EXPECT_NE(plan.departure.has_value(), plan.look_again_at.has_value()) << c.what;
    if (c.reason) {
      EXPECT_EQ(plan.departure->reason, *c.reason) << c.what;
      EXPECT_EQ(plan.departure->shares.size(), 1u) << c.what;
    } else {
      EXPECT_EQ(*plan.look_again_at, c.queue.oldest + kLimits.max_age) << c.what;
    }
  }
}

TEST(Packer, AnEmptyLaneIsNeverLookedAt) {
  const auto plan = plan_departure(lane({}), kLimits, {}, kPackedAt);
  EXPECT_FALSE(plan.departure);
  EXPECT_FALSE(plan.look_again_at);
}

TEST(Packer, OwnersCountTogetherAndTheOldestDecides) {
  EXPECT_EQ(
      plan_departure(lane({owner(1, 60, 1, 1, seconds(1)), owner(2, 40, 1, 1, seconds(1))}), kLimits, {}, kPackedAt)
          .departure->reason,
      SealReason::items);
  const auto plan =
      plan_departure(lane({owner(1, 1, 1, 1, seconds(10)), owner(2, 1, 1, 1, seconds(40))}), kLimits, {}, kPackedAt);
  EXPECT_EQ(plan.look_again_at, kPackedAt + seconds(20)) << "arrivals don't re-arm the window";
}

TEST(Packer, TheOldestOwnerIsServedFirst) {
  const auto plan =
      plan_departure(lane({owner(1, 1, 1, 1, seconds(10)), owner(2, 1, 1, 1, seconds(70))}), kLimits, {}, kPackedAt);
  ASSERT_EQ(plan.departure->shares.size(), 2u);
  EXPECT_EQ(plan.departure->shares[0].owner, OwnerId(2));
}

TEST(Packer, OneProgramsFloodDoesNotHoldUpAnothersTrickle) {
  const auto plan =
      plan_departure(lane({owner(1, 100'000, 1'000'000, 1'000'000, seconds(50)), owner(2, 10, 50, 20, seconds(1))}),
                     kLimits, {}, kPackedAt);
  ASSERT_TRUE(plan.departure);
  for (const auto& share : plan.departure->shares) {
    if (share.owner != OwnerId(2)) continue;
    EXPECT_GE(share.limit.items, 10);
    EXPECT_GE(share.limit.bytes, 50);
    EXPECT_GE(share.limit.tokens, 20);
  }
}

TEST(Packer, EverybodysLittleIsInTheFirstBatchAndTokensAreSharedEqually) {
  const PackLimits limits;  // as they are shipped
  const auto flood = owner(1, 100'000, 100'000'000, 20'000'000, seconds(50));
  const auto trickle = owner(2, 10, 10'000, 2'000, seconds(1));
  const auto other_flood = owner(3, 100'000, 100'000'000, 40'000'000, seconds(1));
  auto plan = plan_departure(lane({flood, trickle}), limits, {}, kPackedAt);
  ASSERT_TRUE(plan.departure);
  EXPECT_EQ(plan.departure->shares[1].owner, trickle.owner);
  EXPECT_EQ(plan.departure->shares[1].limit.items, trickle.items);
  EXPECT_EQ(plan.departure->shares[1].limit.bytes, trickle.bytes);
  EXPECT_EQ(plan.departure->shares[1].limit.tokens, trickle.tokens);

  plan = plan_departure(lane({flood, trickle, other_flood}), limits, {}, kPackedAt);
  ASSERT_EQ(plan.departure->shares.size(), 3U);
  EXPECT_EQ(plan.departure->shares[0].limit.tokens, plan.departure->shares[2].limit.tokens);
  EXPECT_EQ(plan.departure->shares[0].limit.tokens, (limits.tokens - trickle.tokens) / 2);
}

// --- deadlines, flushes, pace

OwnerQueue with_deadline(OwnerQueue queue, Duration from_now) {
  queue.nearest_deadline = kPackedAt + from_now;
  return queue;
}

TEST(Packer, WhatElseDecides) {
  constexpr auto quiet = seconds(5);
  const auto few = owner(1, 1, 1, 1, quiet);
  const auto old = owner(1, 1, 1, 1, seconds(60));
  const auto many = owner(1, 100, 1, 1, quiet);
  const Circumstances known{.turnaround = hours(2)};
  const Circumstances flush_now{.flush = kPackedAt}, flush_before{.flush = kPackedAt - quiet - Duration(1)};
  // With 100 slots, 4 lanes of 20 minutes make a window of one minute, 8 of two.
  const Circumstances half{.turnaround = minutes(20), .jobs = 50, .lanes = 8};
  const Circumstances pace_of_one{.turnaround = minutes(20), .jobs = 51, .lanes = 4};
  const Circumstances pace_of_two{.turnaround = minutes(20), .jobs = 51, .lanes = 8};
  const Circumstances unknown_pace{.jobs = 51, .lanes = 8};  // an hour x 8 / 80
  const Circumstances last{.turnaround = minutes(20), .jobs = 80};
  const Circumstances last_flush{.turnaround = minutes(20), .jobs = 99, .flush = kPackedAt};
  const Circumstances small{.turnaround = minutes(20), .jobs = 0, .jobs_max = 1};
  const struct {
    const char* what;
    OwnerQueue queue;
    Circumstances circumstances;
    std::optional<SealReason> reason;
    std::optional<Duration> look_in;
  } cases[] = {
      {"a deadline far away", with_deadline(few, hours(9)), {}, {}, seconds(55)},
      {"one that comes before the age", with_deadline(few, minutes(90) + seconds(7)), {}, {}, seconds(7)},
      {"an hour and a half away", with_deadline(few, minutes(90)), {}, SealReason::deadline, {}},
      {"a moment later", with_deadline(few, minutes(90) + Duration(1)), {}, {}, Duration(1)},
      {"it has passed", with_deadline(few, minutes(-90)), {}, SealReason::deadline, {}},
      {"the lane is slower", with_deadline(few, hours(3)), known, SealReason::deadline, {}},
      {"the lane is slower, not yet", with_deadline(few, hours(3) + seconds(1)), known, {}, seconds(1)},
      {"full wins over urgent", with_deadline(many, minutes(1)), {}, SealReason::items, {}},
      {"urgent wins over old", with_deadline(old, minutes(1)), {}, SealReason::deadline, {}},
      {"asked", few, flush_now, SealReason::flush, {}},
      {"asked before it came", few, flush_before, {}, seconds(55)},
      {"half of the slots: no pace yet", old, half, SealReason::age, {}},
      {"more than half, few lanes", old, pace_of_one, SealReason::age, {}},
      {"more than half, many lanes", old, pace_of_two, {}, seconds(60)},
      {"more than half, and nobody knows how long jobs take", old, unknown_pace, {}, seconds(300)},
      {"full needs no pace", many, pace_of_two, SealReason::items, {}},
      {"the last fifth isn't for the old", old, last, {}, {}},
      {"the last fifth is for the full", many, last, SealReason::items, {}},
      {"the last fifth is for the urgent", with_deadline(old, minutes(25)), last, SealReason::deadline, {}},
      {"who gather there for a minute", with_deadline(few, minutes(25)), last, {}, seconds(55)},
      {"and not for those that are late anyway", with_deadline(old, minutes(5)), last, {}, {}},
      {"who will be urgent is looked at again", with_deadline(few, minutes(31)), last, {}, minutes(1)},
      {"the last fifth is for the flushed", few, last_flush, SealReason::flush, {}},
      {"a single slot is for everybody", old, small, SealReason::age, {}},
  };
  for (const auto& c : cases) {
    const auto plan = plan_departure(lane({c.queue}), kLimits, c.circumstances, kPackedAt);
    ASSERT_EQ(plan.departure.has_value(), c.reason.has_value()) << c.what;
    if (c.reason) {
      EXPECT_EQ(to_text(plan.departure->reason), to_text(*c.reason)) << c.what;
    }
    ASSERT_EQ(plan.look_again_at.has_value(), c.look_in.has_value()) << c.what;
    if (c.look_in) {
      EXPECT_EQ(*plan.look_again_at - kPackedAt, *c.look_in) << c.what;
    }
  }
}

TEST(Packer, TheUrgentOfAnyOwnerGoFirst) {
  const auto calm = plan_departure(lane({owner(1, 100, 1, 1, seconds(1))}), kLimits, {}, kPackedAt);
  EXPECT_FALSE(calm.departure->urgent_before);
  const Circumstances known{.turnaround = minutes(10)};
  const auto plan =
      plan_departure(lane({owner(1, 1, 1, 1, seconds(9)), with_deadline(owner(2, 1, 1, 1, seconds(1)), minutes(15))}),
                     kLimits, known, kPackedAt);
  ASSERT_TRUE(plan.departure);
  ASSERT_TRUE(plan.departure->urgent_before);
  EXPECT_GE(*plan.departure->urgent_before, kPackedAt + minutes(15) + Duration(1));
  EXPECT_LE(*plan.departure->urgent_before, kPackedAt + minutes(15) + kLimits.max_age);
  EXPECT_EQ(plan.departure->shares.size(), 2U);
}

TEST(FairShares, FollowTheTextbook) {
  const struct {
    std::vector<std::int64_t> needs;
    std::int64_t capacity;
    std::vector<std::int64_t> shares;
  } cases[] = {
      {{}, 10, {}},
      {{5}, 10, {5}},
      {{50}, 10, {10}},
      {{2, 100, 100}, 12, {2, 5, 5}},
      {{100, 2, 4}, 12, {6, 2, 4}},
      {{10, 10}, 0, {0, 0}},
      {{3, 3, 3}, 9, {3, 3, 3}},
  };
  for (const auto& c : cases) EXPECT_EQ(fair_shares(c.needs, c.capacity), c.shares);
}

std::vector<std::int64_t> any_needs() {
  return *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(1, 1'000'000));
}

TEST(FairShares, Properties) {
  EXPECT_TRUE(rc::check("never more than there is, never more than is needed, and nothing is left lying", [] {
    const auto needs = any_needs();
    const auto capacity = *rc::gen::inRange<std::int64_t>(0, 10'000'000);
    const auto shares = fair_shares(needs, capacity);
    RC_ASSERT(shares.size() == needs.size());
    const auto given = std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
    const auto needed = std::accumulate(needs.begin(), needs.end(), std::int64_t{0});
    RC_ASSERT(given == std::min(capacity, needed));
    for (std::size_t i = 0; i < needs.size(); ++i) RC_ASSERT(shares[i] >= 0 && shares[i] <= needs[i]);
  }));
  EXPECT_TRUE(rc::check("who needs no more than an equal part gets all of it, and nobody starves", [] {
    const auto needs = any_needs();
    RC_PRE(!needs.empty());
    const auto capacity = *rc::gen::inRange<std::int64_t>(static_cast<std::int64_t>(needs.size()), 10'000'000);
    const auto shares = fair_shares(needs, capacity);
    const auto equal_part = capacity / static_cast<std::int64_t>(needs.size());
    for (std::size_t i = 0; i < needs.size(); ++i) RC_ASSERT(shares[i] >= std::min(needs[i], equal_part));
  }));
  EXPECT_TRUE(rc::check("the order of the owners doesn't matter, and more need never means less share", [] {
    auto needs = any_needs();
    const auto capacity = *rc::gen::inRange<std::int64_t>(0, 10'000'000);
    std::ranges::sort(needs);
    const auto shares = fair_shares(needs, capacity);
    RC_ASSERT(std::ranges::is_sorted(shares));
    std::ranges::reverse(needs);
    auto reversed = fair_shares(needs, capacity);
    std::ranges::sort(reversed);
    RC_ASSERT(reversed == shares);
  }));
}

TEST(Packer, SharesStayWithinTheBatch) {
  EXPECT_TRUE(rc::check("in every dimension", [] {
    std::vector<OwnerQueue> owners;
    const auto count = *rc::gen::inRange(1, 20);
    for (int i = 1; i <= count; ++i)
      owners.push_back(owner(i, *rc::gen::inRange(1, 200), *rc::gen::inRange(1, 2000), *rc::gen::inRange(1, 1000),
                             seconds(*rc::gen::inRange(60, 100))));
    const auto plan = plan_departure(lane(owners), kLimits, {}, kPackedAt);
    RC_ASSERT(plan.departure.has_value());
    ClaimLimit sum;
    for (const auto& share : plan.departure->shares) {
      sum.items += share.limit.items;
      sum.bytes += share.limit.bytes;
      sum.tokens += share.limit.tokens;
      RC_ASSERT(share.limit.items > 0);
    }
    RC_ASSERT(sum.items <= kLimits.items && sum.bytes <= kLimits.bytes && sum.tokens <= kLimits.tokens);
  }));
}

}  // namespace
}  // namespace batchd::core
