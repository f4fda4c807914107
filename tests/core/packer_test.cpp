#include "core/packer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>

namespace batchd::core {
namespace {

using std::chrono::seconds;

constexpr WallTime kNow{Duration(1'800'000'000'000)};

OwnerQueue owner(int id, std::int64_t items, std::int64_t bytes, std::int64_t tokens, Duration age) {
  return {OwnerId(id), items, bytes, tokens, kNow - age};
}
LaneQueue lane(std::vector<OwnerQueue> owners) { return {LaneId(1), {"default", "generateContent", "m"}, owners}; }

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
    const auto plan = plan_departure(lane({c.queue}), kLimits, {}, kNow);
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
  const auto plan = plan_departure(lane({}), kLimits, {}, kNow);
  EXPECT_FALSE(plan.departure);
  EXPECT_FALSE(plan.look_again_at);
}

TEST(Packer, OwnersCountTogetherAndTheOldestDecides) {
  EXPECT_EQ(plan_departure(lane({owner(1, 60, 1, 1, seconds(1)), owner(2, 40, 1, 1, seconds(1))}), kLimits, {}, kNow)
                .departure->reason,
            SealReason::items);
  const auto plan =
      plan_departure(lane({owner(1, 1, 1, 1, seconds(10)), owner(2, 1, 1, 1, seconds(40))}), kLimits, {}, kNow);
  EXPECT_EQ(plan.look_again_at, kNow + seconds(20)) << "arrivals don't re-arm the window";
}

TEST(Packer, TheOldestOwnerIsServedFirst) {
  const auto plan =
      plan_departure(lane({owner(1, 1, 1, 1, seconds(10)), owner(2, 1, 1, 1, seconds(70))}), kLimits, {}, kNow);
  ASSERT_EQ(plan.departure->shares.size(), 2u);
  EXPECT_EQ(plan.departure->shares[0].owner, OwnerId(2));
}

TEST(Packer, OneProgramsFloodDoesNotHoldUpAnothersTrickle) {
  const auto plan =
      plan_departure(lane({owner(1, 100'000, 1'000'000, 1'000'000, seconds(50)), owner(2, 10, 50, 20, seconds(1))}),
                     kLimits, {}, kNow);
  ASSERT_TRUE(plan.departure);
  for (const auto& share : plan.departure->shares) {
    if (share.owner != OwnerId(2)) continue;
    EXPECT_GE(share.limit.items, 10);
    EXPECT_GE(share.limit.bytes, 50);
    EXPECT_GE(share.limit.tokens, 20);
  }
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
    const auto plan = plan_departure(lane(owners), kLimits, {}, kNow);
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
