// The provider's limits of batch tokens by a project's tier, as its page about rate limits has them (2026-08).
#pragma once

#include <cstdint>
#include <string_view>

namespace batchd::emulator {

// Returns how many prompt tokens a project's live jobs of one model may have; the model's name decides. Returns 0,
// which is no limit, for tier 0 and for names that the page has no row for.
std::int64_t enqueued_tokens_max(std::string_view model, int tier);

}  // namespace batchd::emulator
