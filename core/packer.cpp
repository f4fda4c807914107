#include "core/packer.h"

#include <algorithm>
#include <numeric>

namespace batchd::core {

std::vector<std::int64_t> fair_shares(const std::vector<std::int64_t>& needs, std::int64_t capacity) {
  std::vector<std::size_t> by_need(needs.size());
  std::iota(by_need.begin(), by_need.end(), std::size_t{0});
  std::ranges::stable_sort(by_need, {}, [&](std::size_t i) { return needs[i]; });
  std::vector<std::int64_t> shares(needs.size());
  std::int64_t left = capacity;
  for (std::size_t done = 0; done < by_need.size(); ++done) {
    const auto equal_part = left / static_cast<std::int64_t>(by_need.size() - done);
    auto& share = shares[by_need[done]];
    share = std::min(needs[by_need[done]], equal_part);
    left -= share;
  }
  return shares;
}

namespace {

// Tokens are what money and quota are counted in, but items and bytes fill a batch as well: each is shared alike.
std::vector<Share> share_out(std::vector<OwnerQueue> owners, const PackLimits& limits) {
  std::ranges::sort(owners, {}, [](const OwnerQueue& owner) { return std::pair(owner.oldest, owner.owner); });
  const auto shared = [&](std::int64_t OwnerQueue::*need, std::int64_t capacity) {
    std::vector<std::int64_t> needs;
    for (const auto& owner : owners) needs.push_back(owner.*need);
    return fair_shares(needs, capacity);
  };
  const auto items = shared(&OwnerQueue::items, limits.items);
  const auto bytes = shared(&OwnerQueue::bytes, limits.bytes);
  const auto tokens = shared(&OwnerQueue::tokens, limits.tokens);
  std::vector<Share> shares;
  for (std::size_t i = 0; i < owners.size(); ++i) shares.push_back({owners[i].owner, {items[i], bytes[i], tokens[i]}});
  return shares;
}

}  // namespace

PackPlan plan_departure(const LaneQueue& queue, const PackLimits& limits, const Circumstances&, WallTime now) {
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
  return {Departure{*reason, std::nullopt, share_out(queue.owners, limits)}, std::nullopt};
}

}  // namespace batchd::core
