#include "core/schedule.h"

#include <gtest/gtest.h>

namespace batchd::core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Backoff, DoublesUpToItsBound) {
  const Backoff backoff{seconds(1), minutes(5)};
  const std::pair<int, Duration> cases[] = {{-1, seconds(1)},   {0, seconds(1)},         {1, seconds(2)},
                                            {8, seconds(256)},  {9, minutes(5)},         {60, minutes(5)},
                                            {1000, minutes(5)}, {2147483647, minutes(5)}};
  for (const auto& [tries, pause] : cases) EXPECT_EQ(backoff_pause(backoff, tries), pause) << tries;
}

TEST(RetryAfter, IsAFloorWithinBounds) {
  const struct {
    const char* what;
    Duration pause;
    std::optional<Duration> asked;
    Duration waits;
  } cases[] = {
      {"nothing was asked", seconds(5), std::nullopt, seconds(5)},
      {"longer than ours", seconds(5), seconds(11), seconds(11)},
      {"shorter than ours", seconds(20), seconds(11), seconds(20)},
      {"at once", seconds(20), seconds(0), seconds(20)},
      {"in the past", seconds(0), seconds(-11), seconds(0)},
      {"next year", seconds(5), hours(9000), hours(1)},
      {"for ever", seconds(5), Duration::max(), hours(1)},
      {"our own pause may be longer than that", hours(2), hours(9000), hours(2)},
  };
  for (const auto& c : cases) EXPECT_EQ(pause_as_asked(c.pause, c.asked), c.waits) << c.what;
}

TEST(Reconcile, FollowsTheDesignsPauses) {
  const Backoff schedule{seconds(5), minutes(5)};
  const std::pair<int, Duration> cases[] = {{0, seconds(0)},  {1, seconds(5)},   {2, seconds(15)}, {3, seconds(30)},
                                            {4, seconds(60)}, {6, seconds(240)}, {7, minutes(5)},  {500, minutes(5)}};
  for (const auto& [listings, pause] : cases) EXPECT_EQ(reconcile_pause(schedule, listings), pause) << listings;
}

TEST(Poll, GrowsByHalfUpToItsBound) {
  const PollSchedule schedule{seconds(10), minutes(5)};
  const std::pair<int, Duration> cases[] = {
      {0, seconds(10)}, {1, seconds(15)}, {2, Duration(22'500)}, {9, minutes(5)}, {100'000, minutes(5)}};
  for (const auto& [looks, pause] : cases)
    EXPECT_EQ(poll_pause(schedule, looks, seconds(0), std::nullopt, 0), pause) << looks;
}

TEST(Poll, IsAlertAroundTheUsualTurnaround) {
  const PollSchedule schedule{seconds(10), minutes(5)};
  const auto usual = hours(1);
  const std::pair<Duration, Duration> cases[] = {{minutes(47), minutes(5)},
                                                 {minutes(48), seconds(30)},
                                                 {minutes(60), seconds(30)},
                                                 {minutes(72), seconds(30)},
                                                 {minutes(73), minutes(5)}};
  for (const auto& [running, pause] : cases)
    EXPECT_EQ(poll_pause(schedule, 50, running, usual, 0), pause) << running.count();
  EXPECT_EQ(poll_pause(schedule, 0, minutes(60), usual, 0), seconds(10)) << "never slower than without";
}

TEST(Poll, JitterMovesItByATenth) {
  const PollSchedule schedule{seconds(10), minutes(5)};
  EXPECT_EQ(poll_pause(schedule, 0, seconds(0), std::nullopt, -1), seconds(9));
  EXPECT_EQ(poll_pause(schedule, 0, seconds(0), std::nullopt, 1), seconds(11));
  EXPECT_EQ(poll_pause(schedule, 0, seconds(0), std::nullopt, 50), seconds(11));
}

}  // namespace
}  // namespace batchd::core
