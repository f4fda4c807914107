// How many tokens a new customer may have enqueued.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace batchd::proto {

// Returns the tokens that may be enqueued for a model in a project of the first tier, as the page "Rate limits" of the
// Gemini API has them by family (August 2026): the smallest of the family that the model's name tells; nullopt for a
// name that tells none.
std::optional<std::int64_t> first_tier_tokens(std::string_view endpoint, std::string_view model);

}  // namespace batchd::proto
