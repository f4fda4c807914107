#include "core/budget.h"

#include <algorithm>
#include <cmath>

namespace batchd::core {
namespace {

constexpr int kWeightOfOneBatch = 8;  // in the ratio's moving average: an eighth
constexpr int kDoublingsMax = 62;

std::int64_t whole_hours(const LaneBudget& learned, WallTime now) {
  const auto hours = std::chrono::floor<std::chrono::hours>(now - learned.since).count();
  return std::max<std::int64_t>(hours, 0);  // negative if the clock was set back
}

// The allowance, doubled for each hour since; saturates far beyond any limit.
std::int64_t recovered(const LaneBudget& learned, WallTime now) {
  const auto doublings = static_cast<int>(std::min<std::int64_t>(whole_hours(learned, now), kDoublingsMax));
  if (learned.allowance > INT64_MAX >> doublings) return INT64_MAX;
  return std::max<std::int64_t>(learned.allowance << doublings, 1);
}

std::int64_t tokens_scaled(std::int64_t tokens, double factor) {
  const double product = static_cast<double>(tokens) * factor;
  return product >= 9e18 ? INT64_MAX : static_cast<std::int64_t>(product);
}

}  // namespace

std::int64_t allowance(const LaneBudget& learned, std::int64_t tokens_max, WallTime now) {
  const auto limit = std::max<std::int64_t>(tokens_max, 1);
  return learned.allowance <= 0 ? limit : std::min(recovered(learned, now), limit);
}

LaneBudget after_throttle(LaneBudget learned, std::int64_t enqueued, std::int64_t refused, WallTime now) {
  auto half = std::max<std::int64_t>((enqueued > 0 ? enqueued : refused) / 2, 1);
  // A 429 is never a reason to allow more than before it.
  if (learned.allowance > 0) half = std::min(half, recovered(learned, now));
  learned.allowance = half;
  learned.since = now;
  return learned;
}

LaneBudget after_create(LaneBudget learned, std::int64_t enqueued, std::int64_t tokens_max, WallTime now) {
  if (learned.allowance <= 0) return learned;
  const auto allowed = allowance(learned, tokens_max, now);
  if (static_cast<double>(enqueued) < 0.8 * static_cast<double>(allowed)) return learned;
  const auto raised = allowed + std::max<std::int64_t>(allowed / 10, 1);
  learned.since += std::chrono::hours(whole_hours(learned, now));  // these doublings are in `raised` already
  learned.allowance = raised >= tokens_max ? 0 : raised;           // back at the limit: forget it
  return learned;
}

double learn_ratio(double ratio, std::int64_t estimated, std::int64_t counted) {
  if (estimated <= 0 || counted <= 0) return ratio;
  const double seen =
      std::clamp(static_cast<double>(counted) / static_cast<double>(estimated), kTokenRatioMin, kTokenRatioMax);
  return std::clamp(ratio + (seen - ratio) / kWeightOfOneBatch, kTokenRatioMin, kTokenRatioMax);
}

std::int64_t provider_tokens(const LaneBudget& learned, std::int64_t estimated) {
  return tokens_scaled(estimated, learned.ratio);
}

std::int64_t estimated_tokens(const LaneBudget& learned, std::int64_t provider) {
  return tokens_scaled(provider, 1 / std::clamp(learned.ratio, kTokenRatioMin, kTokenRatioMax));
}

}  // namespace batchd::core
