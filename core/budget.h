// What an account, and a lane, may have outstanding at the provider. Nothing is sealed that can't be sent.
#pragma once

#include <cstdint>

#include "core/time.h"

namespace batchd::core {

// --- an account: jobs and files --------------------------------------------------------------------------------------

struct BudgetLimits {
  std::int64_t jobs = 100;                     // concurrent batch jobs of one project
  std::int64_t stored_bytes = 20'000'000'000;  // Files API storage of one project
};

// Batches count from sealing on (the slot is taken before anything is claimed) until their job is over. Input and
// result files count until they are known to be gone or have expired: some result files can't be deleted.
struct BudgetUse {
  std::int64_t jobs = 0;
  std::int64_t stored_bytes = 0;
};

constexpr bool has_slot(const BudgetUse& use, const BudgetLimits& limits) {
  return use.jobs < limits.jobs && use.stored_bytes < limits.stored_bytes;
}

// --- a lane: enqueued tokens -----------------------------------------------------------------------------------------

// What was learned of a lane. A request's tokens are an estimate; the estimate times `ratio` is in the provider's
// tokens.
struct LaneBudget {
  double ratio = 1;            // kTokenRatioMin..kTokenRatioMax
  std::int64_t allowance = 0;  // provider's tokens that may be enqueued at once; 0: nothing was learned, no 429 so far
  WallTime since;              // when the allowance was last cut by a 429, or doubled
};
inline constexpr double kTokenRatioMin = 0.25, kTokenRatioMax = 4;

// Batches of a lane from their sealing to the end of their job, except held ones.
struct LaneLoad {
  std::int64_t batches = 0;
  std::int64_t tokens = 0;  // estimate
  std::int64_t jobs = 0;    // those of the batches whose job is known to be at the provider
  LaneBudget learned;
};

// In the next three functions all token counts are the provider's, and `tokens_max` is the configured limit.
// Returns what may be enqueued now: the limit, or the allowance learned after a 429, doubled for each hour since.
std::int64_t allowance(const LaneBudget& learned, std::int64_t tokens_max, WallTime now);
// Returns what is learned from a 429 while other batches had `enqueued` tokens at the provider: an allowance of half of
// these; half of the `refused` batch if there were none. At least 1, so that a single request can always be sent.
LaneBudget after_throttle(LaneBudget learned, std::int64_t enqueued, std::int64_t refused, WallTime now);
// Returns what is learned from an accepted create, with which `enqueued` tokens are at the provider: a tenth more
// allowance, if at least 80 % of it were in use.
LaneBudget after_create(LaneBudget learned, std::int64_t enqueued, std::int64_t tokens_max, WallTime now);
// Returns the ratio after a finished batch, moved an eighth of the way towards counted / estimated tokens of its
// prompts.
double learn_ratio(double ratio, std::int64_t estimated, std::int64_t counted);
// Convert estimates to the provider's tokens and back, using the ratio.
std::int64_t provider_tokens(const LaneBudget& learned, std::int64_t estimated);
std::int64_t estimated_tokens(const LaneBudget& learned, std::int64_t provider);

}  // namespace batchd::core
