// What an account, and a lane, may have outstanding at the provider. Nothing is sealed that can't be sent.
#pragma once

#include <cstdint>
#include <optional>

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
  std::int64_t allowance = 0;  // provider's tokens that may be enqueued at once; 0: nothing was learned
  WallTime since;              // the allowance doubles each hour from then on; until then the lane rests
};
inline constexpr double kTokenRatioMin = 0.25, kTokenRatioMax = 4;

// Batches of a lane from their sealing to the end of their job, except held ones.
struct LaneLoad {
  std::int64_t batches = 0;
  std::int64_t tokens = 0;  // estimate
  std::int64_t jobs = 0;    // those of the batches whose job is known to be at the provider
  LaneBudget learned;
};

// What bounds a lane's tokens besides what was learned.
struct TokenLimits {
  std::int64_t max = 10'000'000;      // the configured limit
  std::optional<std::int64_t> first;  // what a new customer of the provider may have enqueued; nullopt: not known
};

// In the next three functions all token counts are the provider's.
// Returns what may be enqueued now: the allowance that was learned, doubled for each hour since; if nothing was
// learned, what a new customer may have enqueued. At most the configured limit, and at least 1.
std::int64_t allowance(const LaneBudget& learned, const TokenLimits& limits, WallTime now);
// Returns what is learned from a 429 while other batches had `enqueued` tokens at the provider: an allowance of half of
// these; half of the `refused` batch if there were none. At least 1, so that a single request can always be sent. The
// lane is to rest for `rest`.
LaneBudget after_throttle(LaneBudget learned, std::int64_t enqueued, std::int64_t refused, const TokenLimits& limits,
                          WallTime now, Duration rest);
// Returns what is learned from an accepted create, with which `enqueued` tokens are at the provider: a tenth more
// allowance, if at least 80 % of it were in use. The first one of a lane begins the hourly doubling.
LaneBudget after_create(LaneBudget learned, std::int64_t enqueued, const TokenLimits& limits, WallTime now);
// Returns until when the lane rests after a 429; nullopt if it doesn't. A rest of more than `rest_max` is not believed:
// the clock was set back.
std::optional<WallTime> rests_until(const LaneBudget& learned, Duration rest_max, WallTime now);
// Returns the ratio after a finished batch, moved an eighth of the way towards counted / estimated tokens of its
// prompts.
double learn_ratio(double ratio, std::int64_t estimated, std::int64_t counted);
// Convert estimates to the provider's tokens and back, using the ratio.
std::int64_t provider_tokens(const LaneBudget& learned, std::int64_t estimated);
std::int64_t estimated_tokens(const LaneBudget& learned, std::int64_t provider);

}  // namespace batchd::core
