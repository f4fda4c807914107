#include "core/budget.h"

#include <algorithm>
#include <cmath>

#include "core/schedule.h"

namespace batchd::core {
namespace {

constexpr int kWeightOfOneBatch = 8;  // in the ratio's moving average: an eighth
constexpr int kDoublingsMax = 62;

std::int64_t whole_hours(const LaneBudget& learned, WallTime now) {
  const auto hours = std::chrono::floor<std::chrono::hours>(now - learned.since).count();
  return std::max<std::int64_t>(hours, 0);  // negative while the lane rests, or if the clock was set back
}

// The allowance, doubled for each hour since; saturates far beyond any limit.
std::int64_t recovered(const LaneBudget& learned, WallTime now) {
  const auto doublings = static_cast<int>(std::min<std::int64_t>(whole_hours(learned, now), kDoublingsMax));
  if (learned.allowance > INT64_MAX >> doublings) return INT64_MAX;
  return std::max<std::int64_t>(learned.allowance << doublings, 1);
}

std::int64_t limit_of(const TokenLimits& limits) { return std::max<std::int64_t>(limits.max, 1); }

std::int64_t tokens_scaled(std::int64_t tokens, double factor) {
  const double product = static_cast<double>(tokens) * factor;
  return product >= 9e18 ? INT64_MAX : static_cast<std::int64_t>(product);
}

}  // namespace

std::int64_t allowance(const LaneBudget& learned, const TokenLimits& limits, WallTime now) {
  const auto limit = limit_of(limits);
  if (learned.allowance > 0) return std::min(recovered(learned, now), limit);
  return std::clamp<std::int64_t>(limits.first.value_or(limit), 1, limit);
}

LaneBudget after_throttle(LaneBudget learned, std::int64_t enqueued, std::int64_t refused, const TokenLimits& limits,
                          WallTime now, Duration rest) {
  const auto half = std::max<std::int64_t>((enqueued > 0 ? enqueued : refused) / 2, 1);
  // A 429 is never a reason to allow more than before it.
  learned.allowance = std::min(half, allowance(learned, limits, now));
  learned.since = std::max(std::min(learned.since, now + kRetryAfterMax), now + rest);  // a rest isn't cut short
  return learned;
}

LaneBudget after_create(LaneBudget learned, std::int64_t enqueued, const TokenLimits& limits, WallTime now) {
  const auto allowed = allowance(learned, limits, now);
  if (allowed >= limit_of(limits)) return learned;  // there is nothing more to learn
  if (learned.allowance <= 0) {
    learned.allowance = allowed;
    learned.since = now;
  }
  if (static_cast<double>(enqueued) < 0.8 * static_cast<double>(allowed)) return learned;
  const auto raised = allowed + std::max<std::int64_t>(allowed / 10, 1);
  learned.since += std::chrono::hours(whole_hours(learned, now));  // these doublings are in `raised` already
  learned.allowance = std::min(raised, limit_of(limits));          // not forgotten there: a lane begins with less
  return learned;
}

std::optional<WallTime> rests_until(const LaneBudget& learned, Duration rest_max, WallTime now) {
  const bool rests = learned.since > now && learned.since - now <= rest_max;
  return rests ? std::optional(learned.since) : std::nullopt;
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
