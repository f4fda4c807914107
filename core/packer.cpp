#include "core/packer.h"

#include <algorithm>

namespace batchd::core {

std::vector<Share> fair_shares(const std::vector<OwnerQueue>& owners, std::int64_t capacity) {
  std::vector<OwnerQueue> by_need(owners);
  std::ranges::sort(by_need, {}, [](const OwnerQueue& owner) { return std::pair(owner.tokens, owner.owner); });
  std::vector<Share> shares;
  std::int64_t left = capacity;
  for (std::size_t i = 0; i < by_need.size(); ++i) {
    const auto equal_part = left / static_cast<std::int64_t>(by_need.size() - i);
    const auto tokens = std::min(by_need[i].tokens, equal_part);
    shares.push_back({by_need[i].owner, tokens});
    left -= tokens;
  }
  return shares;
}

PackPlan plan_departure(const LaneQueue& queue, const PackLimits& limits, WallTime now) {
  if (queue.owners.empty()) return {};
  std::int64_t items = 0, bytes = 0, tokens = 0;
  WallTime oldest = WallTime::max();
  for (const auto& owner : queue.owners) {
    items += owner.items;
    bytes += owner.bytes;
    tokens += owner.tokens;
    oldest = std::min(oldest, owner.oldest);
  }

  std::optional<SealReason> reason;
  if (items >= limits.items)
    reason = SealReason::items;
  else if (bytes >= limits.bytes)
    reason = SealReason::bytes;
  else if (tokens >= limits.tokens)
    reason = SealReason::tokens;
  else if (now >= oldest + limits.max_age)
    reason = SealReason::age;
  if (!reason) return {std::nullopt, oldest + limits.max_age};
  return {Departure{*reason, fair_shares(queue.owners, limits.tokens)}, std::nullopt};
}

}  // namespace batchd::core
