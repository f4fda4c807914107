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

// Money and quota are counted in tokens, but items and bytes fill a batch as well: all three are shared in the same
// way.
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

// What all owners of a lane have waiting.
struct Waiting {
  std::int64_t items = 0, bytes = 0, tokens = 0;
  WallTime oldest = WallTime::max();
  std::optional<WallTime> nearest_deadline;
};

Waiting sum_up(const LaneQueue& queue) {
  Waiting all;
  for (const auto& owner : queue.owners) {
    all.items += owner.items;
    all.bytes += owner.bytes;
    all.tokens += owner.tokens;
    all.oldest = std::min(all.oldest, owner.oldest);
    if (owner.nearest_deadline)
      all.nearest_deadline = std::min(all.nearest_deadline.value_or(*owner.nearest_deadline), *owner.nearest_deadline);
  }
  return all;
}

constexpr Duration kDeadlineGathering = std::chrono::seconds(60);  // how long an urgent request waits for others

bool crowded(const Circumstances& c) { return c.jobs * 2 > c.jobs_max; }
bool last_fifth(const Circumstances& c) { return c.jobs * 5 >= c.jobs_max * 4; }

// With this window, lanes with a trickle of requests together use four fifths of the slots.
Duration age_window(const PackLimits& limits, const Circumstances& c) {
  if (!crowded(c)) return limits.max_age;
  const auto turnaround = static_cast<double>(c.turnaround.value_or(kTurnaroundUnknown).count());
  const auto paced = turnaround * static_cast<double>(c.lanes) / (0.8 * static_cast<double>(c.jobs_max));
  return std::max(limits.max_age, Duration(static_cast<Duration::rep>(paced)));
}

std::optional<SealReason> full(const Waiting& all, const PackLimits& limits) {
  if (all.items >= limits.items) return SealReason::items;
  if (all.bytes >= limits.bytes) return SealReason::bytes;
  if (all.tokens >= limits.tokens) return SealReason::tokens;
  return std::nullopt;
}

// The owner who waits for an operator is passed over: no clock makes that owner's next batch leave.
PackPlan plan_suspicious(const LaneQueue& queue, const PackLimits& limits, const Circumstances& circumstances,
                         WallTime now) {
  const OwnerQueue* next = nullptr;
  for (const auto& owner : queue.owners) {
    if (waits_for_operator(owner.suspicion, now)) continue;
    if (next == nullptr || owner.suspicion.next_at < next->suspicion.next_at) next = &owner;
  }
  if (next == nullptr) return {};
  if (next->suspicion.next_at > now) return {std::nullopt, next->suspicion.next_at};
  const bool last_slot = circumstances.jobs + 1 >= circumstances.jobs_max && circumstances.lanes > 0;
  if (crowded(circumstances) || last_slot) return {};
  const auto items = std::clamp<std::int64_t>(next->suspicion.items, 1, std::max<std::int64_t>(limits.items, 1));
  const Share share{next->owner, {items, limits.bytes, limits.tokens}};
  return {Departure{SealReason::age, std::nullopt, {share}}, std::nullopt};
}

}  // namespace

PackPlan plan_departure(const LaneQueue& queue, const PackLimits& limits, const Circumstances& circumstances,
                        WallTime now) {
  if (queue.owners.empty()) return {};
  if (queue.suspicious) return plan_suspicious(queue, limits, circumstances, now);
  const auto all = sum_up(queue);
  const auto lead = circumstances.turnaround.value_or(kTurnaroundUnknown) * 3 / 2;
  // If slots are scarce, urgent requests gather for a while, and a deadline that can't be met any more doesn't count.
  std::optional<WallTime> due;
  if (all.nearest_deadline) due = *all.nearest_deadline - lead;
  if (due && crowded(circumstances)) {
    const bool hopeless = *all.nearest_deadline < now + circumstances.turnaround.value_or(Duration::zero());
    due = std::max(*due, all.oldest + std::min(limits.max_age, kDeadlineGathering));
    if (hopeless) due.reset();
  }
  const auto old_enough = all.oldest + age_window(limits, circumstances);

  auto reason = full(all, limits);
  if (!reason && due && now >= *due) reason = SealReason::deadline;
  if (!reason && circumstances.flush && all.oldest <= *circumstances.flush) reason = SealReason::flush;
  const bool age_may = !last_fifth(circumstances);
  if (!reason && age_may && now >= old_enough) reason = SealReason::age;
  if (!reason) {
    if (!age_may) return {std::nullopt, due};
    return {std::nullopt, std::min(old_enough, due.value_or(old_enough))};
  }
  // Requests that would become urgent before the lane's next batch is old enough go with this one.
  std::optional<WallTime> urgent_before;
  const auto soon = now + lead + limits.max_age;
  if (all.nearest_deadline && *all.nearest_deadline < soon) urgent_before = soon;
  return {Departure{*reason, urgent_before, share_out(queue.owners, limits)}, std::nullopt};
}

}  // namespace batchd::core
