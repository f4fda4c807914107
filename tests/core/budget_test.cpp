#include "core/budget.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace batchd::core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr WallTime kBudgetNow{Duration(1'800'000'000'000)};
constexpr std::int64_t kLimit = 10'000'000;
constexpr TokenLimits kTokens{.max = kLimit};

LaneBudget learned(std::int64_t allowance, Duration ago = Duration::zero()) { return {1, allowance, kBudgetNow - ago}; }

TEST(Budget, TheAllowanceDoublesEachHour) {
  const struct {
    const char* what;
    LaneBudget learned;
    std::int64_t allowance;
  } cases[] = {
      {"nothing was learned", {}, kLimit},
      {"just now", learned(1000), 1000},
      {"almost an hour", learned(1000, hours(1) - Duration(1)), 1000},
      {"an hour", learned(1000, hours(1)), 2000},
      {"three and a half", learned(1000, minutes(210)), 8000},
      {"up to the limit", learned(1000, hours(14)), kLimit},
      {"years later", learned(1000, hours(100'000)), kLimit},
      {"more than the limit, which was lowered", learned(kLimit * 2), kLimit},
      {"a clock that was set back, or a rest", learned(1000, hours(-5)), 1000},
      {"never none", learned(1), 1},
  };
  for (const auto& c : cases) EXPECT_EQ(allowance(c.learned, kTokens, kBudgetNow), c.allowance) << c.what;
}

TEST(Budget, ALaneBeginsWithWhatANewCustomerMayHave) {
  const struct {
    const char* what;
    TokenLimits limits;
    LaneBudget learned;
    std::int64_t allowance;
  } cases[] = {
      {"the provider says how much", {.max = 1000, .first = 300}, {}, 300},
      {"it doesn't", {.max = 1000}, {}, 1000},
      {"more than the limit", {.max = 1000, .first = 3000}, {}, 1000},
      {"never none", {.max = 1000, .first = 0}, {}, 1},
      {"no hour makes it more, as long as nothing was created", {.max = 1000, .first = 300}, {.allowance = 0}, 300},
      {"what was learned counts more", {.max = 1000, .first = 300}, learned(40), 40},
      {"to the good, too", {.max = 1000, .first = 300}, learned(900), 900},
  };
  for (const auto& c : cases) EXPECT_EQ(allowance(c.learned, c.limits, kBudgetNow), c.allowance) << c.what;

  constexpr TokenLimits limits{.max = kLimit, .first = 1000};
  const auto small = after_create({}, 100, limits, kBudgetNow);
  EXPECT_EQ(allowance(small, limits, kBudgetNow), 1000) << "nothing is known of more";
  EXPECT_EQ(allowance(small, limits, kBudgetNow + hours(2)), 4000) << "two hours without a 429";
  const auto full = after_create({}, 1000, limits, kBudgetNow);
  EXPECT_EQ(allowance(full, limits, kBudgetNow), 1100);
  EXPECT_EQ(after_throttle({}, 0, 5000, limits, kBudgetNow, minutes(1)).allowance, 1000) << "a 429 never allows more";

  auto grown = small;
  for (int hour = 0; hour < 24; ++hour) grown = after_create(grown, kLimit, limits, kBudgetNow + hours(hour));
  EXPECT_EQ(allowance(grown, limits, kBudgetNow + hours(24)), kLimit);
  grown = after_create(grown, kLimit, limits, kBudgetNow + hours(24));
  EXPECT_EQ(allowance(grown, limits, kBudgetNow + hours(24)), kLimit) << "what is known to be fine isn't forgotten";
}

TEST(Budget, TheLaneRestsAfterA429) {
  const auto after = after_throttle({}, 1000, 0, kTokens, kBudgetNow, minutes(10));
  EXPECT_EQ(rests_until(after, hours(1), kBudgetNow), kBudgetNow + minutes(10));
  EXPECT_EQ(rests_until(after, hours(1), kBudgetNow + minutes(10)), std::nullopt);
  EXPECT_EQ(rests_until(after, hours(1), kBudgetNow - hours(5)), std::nullopt) << "a clock that was set back";
  EXPECT_EQ(rests_until({}, hours(1), kBudgetNow), std::nullopt);
  EXPECT_EQ(rests_until(after_create({}, 1000, {.max = kLimit, .first = 1000}, kBudgetNow), hours(1), kBudgetNow),
            std::nullopt)
      << "an accepted create is no reason";
}

TEST(Budget, A429HalvesWhatIsThere) {
  const struct {
    const char* what;
    LaneBudget before;
    std::int64_t enqueued, refused, allowance;
  } cases[] = {
      {"others are there", {}, 1000, 300, 500},
      {"nobody else is there: half of the refused", {}, 0, 300, 150},
      {"a single token", {}, 0, 1, 1},
      {"nothing at all", {}, 0, 0, 1},
      {"never more than before", learned(100), 1000, 300, 100},
      {"of what it has grown to since", learned(100, hours(2)), 1000, 300, 400},
      {"less again", learned(400), 0, 400, 200},
  };
  for (const auto& c : cases) {
    const auto after = after_throttle(c.before, c.enqueued, c.refused, kTokens, kBudgetNow, minutes(1));
    EXPECT_EQ(after.allowance, c.allowance) << c.what;
    EXPECT_EQ(after.since, kBudgetNow + minutes(1)) << c.what;
    EXPECT_EQ(after.ratio, c.before.ratio) << c.what;
  }
}

TEST(Budget, AnAcceptedCreateThatUsedItAddsATenth) {
  const struct {
    const char* what;
    LaneBudget before;
    std::int64_t enqueued, allowance;
  } cases[] = {
      {"nothing was learned, nothing to add", {}, 1000, 0},
      {"less than four fifths", learned(1000), 799, 1000},
      {"four fifths", learned(1000), 800, 1100},
      {"beyond it: a single batch always goes", learned(1000), 5000, 1100},
      {"a small one grows too", learned(1), 1, 2},
      {"up to the limit", learned(kLimit - 1), kLimit, kLimit},
      {"and not beyond it", learned(kLimit), kLimit, kLimit},
  };
  for (const auto& c : cases)
    EXPECT_EQ(after_create(c.before, c.enqueued, kTokens, kBudgetNow).allowance, c.allowance) << c.what;

  // Doublings so far are kept, and the hour under way isn't lost.
  const auto grown = after_create(learned(1000, minutes(150)), 4000, kTokens, kBudgetNow);
  EXPECT_EQ(allowance(grown, kTokens, kBudgetNow), 4400);
  EXPECT_EQ(allowance(grown, kTokens, kBudgetNow + minutes(30)), 8800);
}

TEST(Budget, TheRatioMovesByAnEighth) {
  EXPECT_DOUBLE_EQ(learn_ratio(1, 1000, 2000), 1.125);
  EXPECT_DOUBLE_EQ(learn_ratio(1, 1000, 500), 0.9375);
  EXPECT_DOUBLE_EQ(learn_ratio(1, 1000, 1'000'000), 1.375) << "one odd batch moves it no further";
  EXPECT_DOUBLE_EQ(learn_ratio(2, 0, 100), 2) << "nothing was estimated";
  EXPECT_DOUBLE_EQ(learn_ratio(2, 100, 0), 2) << "nothing was counted";
  double ratio = 1;
  for (int i = 0; i < 200; ++i) ratio = learn_ratio(ratio, 100, 300);
  EXPECT_NEAR(ratio, 3, 1e-6);
  for (int i = 0; i < 200; ++i) ratio = learn_ratio(ratio, 100, 1);
  EXPECT_NEAR(ratio, kTokenRatioMin, 1e-6);
}

TEST(Budget, EstimatesAreConvertedBothWays) {
  EXPECT_EQ(provider_tokens({.ratio = 1.5}, 1000), 1500);
  EXPECT_EQ(estimated_tokens({.ratio = 0.5}, 1000), 2000);
  EXPECT_EQ(estimated_tokens({.ratio = 4}, INT64_MAX / 2), INT64_MAX / 8 + 1);
  EXPECT_EQ(provider_tokens({.ratio = 4}, INT64_MAX / 2), INT64_MAX);
}

TokenLimits any_token_limits() {
  TokenLimits limits{.max = *rc::gen::inRange<std::int64_t>(1, kLimit)};
  if (*rc::gen::arbitrary<bool>()) limits.first = *rc::gen::inRange<std::int64_t>(1, kLimit);
  return limits;
}

// Any history of 429s and accepted creates.
LaneBudget any_history(const TokenLimits& limits, WallTime& now) {
  LaneBudget budget;
  const auto steps = *rc::gen::inRange(0, 40);
  for (int i = 0; i < steps; ++i) {
    now += Duration(*rc::gen::inRange<std::int64_t>(0, 3 * 3'600'000));
    const auto enqueued = *rc::gen::inRange<std::int64_t>(0, 2 * limits.max);
    const auto refused = *rc::gen::inRange<std::int64_t>(0, limits.max);
    budget = *rc::gen::arbitrary<bool>() ? after_throttle(budget, enqueued, refused, limits, now, minutes(1))
                                         : after_create(budget, enqueued, limits, now);
  }
  return budget;
}

TEST(Budget, Properties) {
  EXPECT_TRUE(rc::check("at least 1, at most the limit, and back at it a day after the last 429", [] {
    const auto limits = any_token_limits();
    auto now = kBudgetNow;
    const auto budget = any_history(limits, now);
    for (int hour = 0; hour < 25; ++hour) {
      const auto allowed = allowance(budget, limits, now + hours(hour));
      RC_ASSERT(allowed >= 1 && allowed <= limits.max);
      RC_ASSERT(allowed >= allowance(budget, limits, now + hours(hour) - minutes(30)));
    }
    RC_ASSERT(budget.allowance == 0 || allowance(budget, limits, now + hours(25)) == limits.max);
  }));
  EXPECT_TRUE(rc::check("a 429 never allows more, an accepted create never less", [] {
    const auto limits = any_token_limits();
    auto now = kBudgetNow;
    const auto budget = any_history(limits, now);
    const auto enqueued = *rc::gen::inRange<std::int64_t>(0, 2 * limits.max);
    const auto before = allowance(budget, limits, now);
    const auto less = after_throttle(budget, enqueued, enqueued, limits, now, minutes(1));
    RC_ASSERT(allowance(less, limits, now) <= before);
    RC_ASSERT(allowance(after_create(budget, enqueued, limits, now), limits, now) >= before);
  }));
}

TEST(Budget, AHiddenQuotaIsFound) {
  EXPECT_TRUE(rc::check("halving ends at a size that is taken, and work goes on", [] {
    const auto quota = *rc::gen::inRange<std::int64_t>(1, kLimit);
    LaneBudget budget;
    std::int64_t left = *rc::gen::inRange<std::int64_t>(1, 20 * kLimit);
    int calls = 0;
    for (auto now = kBudgetNow; left > 0; now += minutes(1)) {
      RC_ASSERT(++calls < 10'000 + 40 * (20 * kLimit / quota));
      const auto size = std::min(left, allowance(budget, kTokens, now));  // nothing else is enqueued
      if (size > quota) {
        budget = after_throttle(budget, 0, size, kTokens, now, minutes(1));
      } else {
        left -= size;
        budget = after_create(budget, size, kTokens, now);
      }
    }
  }));
}

}  // namespace
}  // namespace batchd::core
