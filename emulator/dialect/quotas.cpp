#include "emulator/dialect/quotas.h"

#include <array>

namespace batchd::emulator {
namespace {

constexpr std::int64_t kThousand = 1000;
constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kBillion = 1'000'000'000;

constexpr std::size_t kTiers = 3;

struct Quota {
  std::array<std::string_view, 2> parts;    // texts that the name has; an empty one counts as there
  std::array<std::int64_t, kTiers> tokens;  // by tier, from 1
};

// The first row that fits: special models before their families.
constexpr Quota kQuotas[] = {
    {{"embedding", ""}, {500 * kThousand, 5 * kMillion, 10 * kMillion}},
    {{"tts", "pro"}, {25 * kThousand, 100 * kThousand, kMillion}},
    {{"tts", ""}, {100 * kThousand, 100 * kThousand, 4 * kMillion}},
    {{"image", "lite"}, {2 * kMillion, 270 * kMillion, kBillion}},
    {{"image", "pro"}, {2 * kMillion, 270 * kMillion, kBillion}},
    {{"image", "2.5-flash"}, {3 * kMillion, 400 * kMillion, kBillion}},
    {{"image", ""}, {kMillion, 250 * kMillion, 750 * kMillion}},
    {{"2.0-flash", ""}, {10 * kMillion, kBillion, 5 * kBillion}},
    {{"flash", "lite"}, {10 * kMillion, 500 * kMillion, kBillion}},
    {{"flash", ""}, {3 * kMillion, 400 * kMillion, kBillion}},
    {{"pro", ""}, {5 * kMillion, 500 * kMillion, kBillion}},
};

bool fits(const Quota& quota, std::string_view model) {
  for (const auto part : quota.parts)
    if (model.find(part) == std::string_view::npos) return false;
  return true;
}

}  // namespace

std::int64_t enqueued_tokens_max(std::string_view model, int tier) {
  if (tier < 1 || tier > static_cast<int>(kTiers)) return 0;
  for (const auto& quota : kQuotas)
    if (fits(quota, model)) return quota.tokens[static_cast<std::size_t>(tier) - 1];
  return 0;
}

}  // namespace batchd::emulator
