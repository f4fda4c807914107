// What an account may have outstanding at the provider, and what a lane may. Nothing is sealed that can't go.
#pragma once

#include <cstdint>

#include "core/time.h"

namespace batchd::core {

// --- an account: jobs and files --------------------------------------------------------------------------------------

struct BudgetLimits {
  std::int64_t jobs = 100;                     // concurrent batch jobs of one project
  std::int64_t stored_bytes = 20'000'000'000;  // Files API storage of one project
};

// Batches count from sealing on (a slot is taken before anything is claimed) until their job is over. Files count until
// they are known to be gone or have expired; result files too, since some can't be deleted.
struct BudgetUse {
  std::int64_t jobs = 0;
  std::int64_t stored_bytes = 0;
};

constexpr bool has_slot(const BudgetUse& use, const BudgetLimits& limits) {
  return use.jobs < limits.jobs && use.stored_bytes < limits.stored_bytes;
}

// --- a lane: enqueued tokens -----------------------------------------------------------------------------------------

// What was learned of a lane. Tokens of requests are estimates; times `ratio` they are the provider's.
struct LaneBudget {
  double ratio = 1;            // kTokenRatioMin..kTokenRatioMax
  std::int64_t allowance = 0;  // the provider's tokens that may be enqueued at once; 0: nothing was learned yet
  WallTime since;              // of the allowance: the last 429, or the last time it doubled
};
inline constexpr double kTokenRatioMin = 0.25, kTokenRatioMax = 4;

// Batches of a lane from their sealing to the end of their job, but for those that are held.
struct LaneLoad {
  std::int64_t batches = 0;
  std::int64_t tokens = 0;  // estimate
  std::int64_t jobs = 0;    // of the batches, those whose job is known to be at the provider
  LaneBudget learned;
};

// `tokens_max` is the configured limit. All token counts here are the provider's.
// What may be enqueued now: the limit, or what was learned after a 429, doubled for each hour since.
std::int64_t allowance(const LaneBudget& learned, std::int64_t tokens_max, WallTime now);
// A 429 with `enqueued` tokens of other batches at the provider: half of them from now on; with none there, half of the
// refused batch. At least 1: a single request always goes.
LaneBudget after_throttle(LaneBudget learned, std::int64_t enqueued, std::int64_t refused, WallTime now);
// A create was accepted with `enqueued` tokens then at the provider, itself included: a tenth more, if the allowance
// was used to 80 %.
LaneBudget after_create(LaneBudget learned, std::int64_t enqueued, std::int64_t tokens_max, WallTime now);
// A finished batch told how many tokens its prompts really had: moves the ratio by an eighth of the way.
double learn_ratio(double ratio, std::int64_t estimated, std::int64_t counted);
std::int64_t provider_tokens(const LaneBudget& learned, std::int64_t estimated);
std::int64_t estimated_tokens(const LaneBudget& learned, std::int64_t provider);

}  // namespace batchd::core
