#include "core/refusal.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/limits.h"

namespace batchd::core {
namespace {

using enum RefusedFor;

struct Case {
  const char* what;
  Evidence evidence;
  NextStep step;
};

void expect(const std::vector<Case>& cases) {
  for (const auto& [what, evidence, step] : cases)
    EXPECT_EQ(static_cast<int>(next_step(evidence)), static_cast<int>(step)) << what;
}

TEST(NextStep, OfAnAnonymousRefusal) {
  expect({
      {"one request, alone", {.refusal = poison, .items = 1, .owners = 1}, NextStep::fail},
      {"alone, when all creates are used up",
       {.refusal = poison, .items = 1, .owners = 1, .creates = kCreatesPerPartMax},
       NextStep::fail},
      {"alone in a suspicious batch", {.refusal = poison, .items = 1, .owners = 1, .suspicious = true}, NextStep::fail},
      {"one that waits, but others were in the file", {.refusal = poison, .items = 3, .owners = 1}, NextStep::halve},
      {"several owners", {.refusal = poison, .items = 9, .owners = 2}, NextStep::halve_owners},
      {"many owners", {.refusal = poison, .items = 900, .owners = 300}, NextStep::halve_owners},
      {"several owners, and creates are used up",
       {.refusal = poison, .items = 9, .owners = 2, .creates = kCreatesPerPartMax},
       NextStep::halve_owners},
      {"one owner", {.refusal = poison, .items = 9, .owners = 1}, NextStep::halve},
      {"one owner with one create left",
       {.refusal = poison, .items = 9, .owners = 1, .creates = kCreatesPerPartMax - 1},
       NextStep::halve},
      {"one owner who has used up all creates",
       {.refusal = poison, .items = 9, .owners = 1, .creates = kCreatesPerPartMax},
       NextStep::suspect},
      {"for three days", {.refusal = poison, .items = 9, .owners = 1, .late = true}, NextStep::suspect},
      {"suspicious", {.refusal = poison, .items = 9, .owners = 1, .suspicious = true}, NextStep::suspect},
      {"not sent at all", {.refusal = bound, .items = 1, .owners = 1}, NextStep::suspect},
  });
}

TEST(NextStep, OfNamedLines) {
  expect({
      {"the rest", {.refusal = lines, .items = 9, .owners = 1, .lines_failed = true}, NextStep::again},
      {"none of them was ours", {.refusal = lines, .items = 9, .owners = 1}, NextStep::halve},
      {"the rest, when all creates are used up",
       {.refusal = lines, .items = 9, .owners = 1, .lines_failed = true, .creates = kCreatesPerPartMax},
       NextStep::suspect},
      {"the rest of a suspicious batch",
       {.refusal = lines, .items = 9, .owners = 1, .lines_failed = true, .suspicious = true},
       NextStep::suspect},
      {"what several owners' requests name isn't there: the rest",
       {.refusal = lines, .items = 9, .owners = 3, .lines_failed = true, .creates = kCreatesPerPartMax},
       NextStep::again},
      {"lines of one of two owners",
       {.refusal = owners, .items = 9, .owners = 2, .named_owners = 1},
       NextStep::named_owners},
      {"lines of as many owners as go apart",
       {.refusal = owners, .items = 90, .owners = 20, .named_owners = kOwnersApartMax},
       NextStep::named_owners},
      {"lines of more owners",
       {.refusal = owners, .items = 90, .owners = 20, .named_owners = kOwnersApartMax + 1},
       NextStep::halve_owners},
      {"all of the named owner's requests have failed",
       {.refusal = owners, .items = 90, .owners = 2, .named_owners = 0, .lines_failed = true},
       NextStep::again},
      {"the named owner's requests have been cancelled",
       {.refusal = owners, .items = 90, .owners = 2, .named_owners = 0},
       NextStep::halve_owners},
      {"all other owners' requests have been cancelled",
       {.refusal = owners, .items = 90, .owners = 1, .named_owners = 1},
       NextStep::again},
  });
}

TEST(NextStep, OfARefusalThatNothingExplains) {
  expect({
      {"for the first time",
       {.refusal = unexplained, .items = 9, .owners = 2, .first_time = true, .accepted_since = true},
       NextStep::once_more},
      {"one request, alone", {.refusal = unexplained, .items = 1, .owners = 1}, NextStep::wait},
      {"several", {.refusal = unexplained, .items = 9, .owners = 1}, NextStep::halve},
      {"a part that names more than was asked for",
       {.refusal = unexplained, .items = 9, .owners = 1, .was_cut = true, .incomplete = true},
       NextStep::halve},
      {"of several owners", {.refusal = unexplained, .items = 9, .owners = 2}, NextStep::halve_owners},
      {"a part of a batch that was cut for it",
       {.refusal = unexplained, .items = 9, .owners = 2, .was_cut = true},
       NextStep::wait},
      {"suspicious", {.refusal = unexplained, .items = 9, .owners = 1, .suspicious = true}, NextStep::wait},
      {"a part, while the account accepts others",
       {.refusal = unexplained, .items = 9, .owners = 1, .was_cut = true, .accepted_since = true},
       NextStep::halve},
      {"alone, while the account accepts others",
       {.refusal = unexplained, .items = 1, .owners = 1, .was_cut = true, .accepted_since = true},
       NextStep::fail},
      {"used up, while the account accepts others",
       {.refusal = unexplained,
        .items = 9,
        .owners = 1,
        .creates = kCreatesPerPartMax,
        .was_cut = true,
        .accepted_since = true},
       NextStep::suspect},
  });
}

// Whatever is known, a request fails only if it is alone.
TEST(NextStep, NobodyFailsInCompany) {
  for (const auto refusal : {poison, lines, owners, unexplained, bound})
    for (const int flags : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 31})
      for (const std::int64_t items : {2, 3, 1000})
        for (const std::int64_t count : {0, 1, 2, 100}) {
          const Evidence evidence{.refusal = refusal,
                                  .items = items,
                                  .owners = count,
                                  .named_owners = count,
                                  .lines_failed = (flags & 1) != 0,
                                  .suspicious = (flags & 2) != 0,
                                  .creates = (flags & 4) != 0 ? 1000 : 1,
                                  .late = (flags & 8) != 0,
                                  .was_cut = (flags & 16) != 0,
                                  .accepted_since = flags % 3 == 0};
          EXPECT_NE(static_cast<int>(next_step(evidence)), static_cast<int>(NextStep::fail));
        }
}

TEST(AcceptedLately, IsAfterTheFirstRefusalAndNotLongBeforeTheLast) {
  const WallTime since{std::chrono::hours(100)};
  const auto refused = since + std::chrono::hours(2);
  EXPECT_FALSE(accepted_lately(std::nullopt, since, refused));
  EXPECT_FALSE(accepted_lately(since, since, since + kAcceptedLately));
  EXPECT_TRUE(accepted_lately(since + Duration(1), since, since + kAcceptedLately));
  EXPECT_TRUE(accepted_lately(refused, since, refused));
  EXPECT_TRUE(accepted_lately(refused - kAcceptedLately, since, refused));
  EXPECT_FALSE(accepted_lately(refused - kAcceptedLately - Duration(1), since, refused));
  EXPECT_FALSE(accepted_lately(refused + Duration(1), since, refused));
}

TEST(Suspicion, BoundsCreatesByTimeAndSize) {
  const WallTime now{std::chrono::hours(100)};
  auto suspicion = first_suspicion(now);
  EXPECT_EQ(suspicion.next_at, now + kSuspiciousPace);
  EXPECT_EQ(suspicion.items, kSuspiciousItemsMax);
  suspicion = after_suspicious_create(suspicion, now + std::chrono::hours(1));
  EXPECT_EQ(suspicion.next_at, now + std::chrono::hours(1) + kSuspiciousPace);
  EXPECT_EQ(suspicion.since, now);

  int refusals = 0;
  for (; suspicion.items > 1; ++refusals) suspicion = after_suspicious_refusal(suspicion, suspicion.items);
  EXPECT_EQ(refusals, 5);
  suspicion = after_suspicious_refusal(suspicion, 1);
  EXPECT_EQ(suspicion.items, 1);
  suspicion = after_suspicious_acceptance(suspicion, now);
  EXPECT_EQ(suspicion.items, 2);
  for (int i = 0; i < 10; ++i) suspicion = after_suspicious_acceptance(suspicion, now);
  EXPECT_EQ(suspicion.items, kSuspiciousItemsMax);

  EXPECT_FALSE(waits_for_operator(suspicion, now + kSuspicionTimeMax - Duration(1)));
  EXPECT_TRUE(waits_for_operator(suspicion, now + kSuspicionTimeMax));
}

}  // namespace
}  // namespace batchd::core
