// What an account may have outstanding at the provider. Nothing is sealed that can't go.
#pragma once

#include <cstdint>

namespace batchd::core {

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

constexpr bool has_slot(const BudgetUse& use, const BudgetLimits& limits, std::int64_t next_batch_bytes) {
  return use.jobs < limits.jobs && use.stored_bytes + next_batch_bytes <= limits.stored_bytes;
}

}  // namespace batchd::core
