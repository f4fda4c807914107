#include "proto/gemini/allowance.h"

#include <array>

namespace batchd::proto {
namespace {

// A family, by a part of the model's name.
struct Family {
  std::string_view part;
  std::int64_t tokens;
};
// A name may have several of these parts ("gemini-2.5-pro-preview-tts"): the first in this order counts.
constexpr std::array<Family, 5> kFamilies{
    {{"tts", 25'000}, {"embedding", 500'000}, {"image", 1'000'000}, {"flash", 3'000'000}, {"pro", 5'000'000}}};

bool has_part(std::string_view name, std::string_view part) {
  for (;;) {
    const auto end = name.find('-');
    if (name.substr(0, end) == part) return true;
    if (end == std::string_view::npos) return false;
    name.remove_prefix(end + 1);
  }
}

}  // namespace

std::optional<std::int64_t> first_tier_tokens(std::string_view endpoint, std::string_view model) {
  if (endpoint == "embedContent") return kFamilies[1].tokens;
  for (const auto& family : kFamilies)
    if (has_part(model, family.part)) return family.tokens;
  return std::nullopt;
}

}  // namespace batchd::proto
