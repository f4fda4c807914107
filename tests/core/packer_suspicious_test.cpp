// Suspicious queues: whose requests leave, when, and how many.
#include <gtest/gtest.h>

#include "core/packer.h"

namespace batchd::core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kSuspectedAt{Duration(1'800'000'000'000)};
constexpr PackLimits kSuspectLimits{.items = 100, .bytes = 1000, .tokens = 500, .max_age = seconds(60)};

OwnerQueue suspected(int id, std::int64_t items, Duration due_in, std::int64_t at_once = 8,
                     Duration for_so_long = hours(1)) {
  OwnerQueue queue{.owner = OwnerId(id), .items = items, .bytes = items, .tokens = items};
  queue.oldest = kSuspectedAt - hours(5);
  queue.suspicion = {.since = kSuspectedAt - for_so_long, .next_at = kSuspectedAt + due_in, .items = at_once};
  return queue;
}
LaneQueue suspicious_lane(std::vector<OwnerQueue> owners) {
  return {
      .id = LaneId(1), .lane = {"default", "generateContent", "m"}, .suspicious = true, .owners = std::move(owners)};
}

TEST(Packer, SuspiciousRequestsLeaveOneOwnersAFewAtATime) {
  auto due_by_all_means = suspected(1, 500, minutes(2));
  due_by_all_means.nearest_deadline = kSuspectedAt;
  const Circumstances flush{.lanes = 0, .flush = kSuspectedAt};
  const Circumstances half{.jobs = 50}, more{.jobs = 51}, only_slot{.jobs_max = 1, .lanes = 0};
  const Circumstances last_slot{.jobs = 1, .jobs_max = 2}, last_slot_of_nobody{.jobs = 1, .jobs_max = 2, .lanes = 0};
  const struct {
    const char* what;
    std::vector<OwnerQueue> owners;
    Circumstances circumstances;
    int who;  // 0: nobody
    std::int64_t items;
    std::optional<Duration> look_in;
  } cases[] = {
      {"it is due", {suspected(1, 500, minutes(0))}, {}, 1, 8, {}},
      {"full, old, urgent and flushed, but not due", {due_by_all_means}, flush, 0, 0, minutes(2)},
      {"one at once", {suspected(1, 500, minutes(0), 1)}, {}, 1, 1, {}},
      {"at least one", {suspected(1, 500, minutes(0), 0)}, {}, 1, 1, {}},
      {"never more than a batch takes", {suspected(1, 500, minutes(0), 1000)}, {}, 1, 100, {}},
      {"who has waited longer", {suspected(1, 9, minutes(-1)), suspected(2, 9, minutes(-3))}, {}, 2, 8, {}},
      {"the others' turn comes", {suspected(1, 9, minutes(4)), suspected(2, 9, minutes(3))}, {}, 0, 0, minutes(3)},
      {"an operator must decide", {suspected(1, 9, minutes(-1), 8, kSuspicionTimeMax)}, {}, 0, 0, {}},
      {"that is one owner's trouble",
       {suspected(1, 9, minutes(-9), 8, kSuspicionTimeMax), suspected(2, 9, minutes(0))},
       {},
       2,
       8,
       {}},
      {"half of the slots are in use", {suspected(1, 9, minutes(0))}, half, 1, 8, {}},
      {"more than half", {suspected(1, 9, minutes(0))}, more, 0, 0, {}},
      {"the last slot", {suspected(1, 9, minutes(0))}, last_slot, 0, 0, {}},
      {"more than half, though nobody else waits", {suspected(1, 9, minutes(0))}, more, 0, 0, {}},
      {"the last slot, and nobody else waits", {suspected(1, 9, minutes(0))}, last_slot_of_nobody, 1, 8, {}},
      {"the only slot", {suspected(1, 9, minutes(0))}, only_slot, 1, 8, {}},
      {"nobody is there", {}, {}, 0, 0, {}},
  };
  for (const auto& c : cases) {
    const auto plan = plan_departure(suspicious_lane(c.owners), kSuspectLimits, c.circumstances, kSuspectedAt);
    ASSERT_EQ(plan.departure.has_value(), c.who != 0) << c.what;
    ASSERT_EQ(plan.look_again_at.has_value(), c.look_in.has_value()) << c.what;
    if (c.look_in) {
      EXPECT_EQ(*plan.look_again_at - kSuspectedAt, *c.look_in) << c.what;
    }
    if (!plan.departure) continue;
    EXPECT_EQ(to_text(plan.departure->reason), to_text(SealReason::age)) << c.what;
    EXPECT_FALSE(plan.departure->urgent_before) << c.what;
    ASSERT_EQ(plan.departure->shares.size(), 1U) << c.what;
    EXPECT_EQ(plan.departure->shares[0].owner, OwnerId(c.who)) << c.what;
    EXPECT_EQ(plan.departure->shares[0].limit.items, c.items) << c.what;
    EXPECT_EQ(plan.departure->shares[0].limit.tokens, kSuspectLimits.tokens) << c.what;
  }
}

}  // namespace
}  // namespace batchd::core
