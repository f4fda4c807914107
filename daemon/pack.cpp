// pack: queued requests become sealed batches. When and who is core/packer's decision; this carries it out in chunks,
// so that no acknowledgement waits for a large claim.
#include <algorithm>

#include "daemon/log.h"
#include "daemon/stages.h"

namespace batchd::daemon {

using core::ClaimLimit;

Task<std::optional<core::SteadyTime>> PackStage::once() {
  const auto later = engine_.clock.steady() + engine_.config.retry.first;
  if (unsealed_) {
    const bool sealed = co_await finish(*unsealed_);
    if (!sealed) co_return later;
  }
  auto lanes = co_await engine_.store.read(&core::Store::summarise_queue);
  if (!lanes) co_return later;
  std::optional<core::SteadyTime> next;
  const auto look_again = [&](core::SteadyTime due) { next = std::min(next.value_or(due), due); };

  for (const auto& queue : *lanes) {
    auto* account = engine_.accounts.find(queue.lane.account);
    if (account == nullptr) continue;  // its requests wait until the account is configured again
    if (account->paused(engine_.clock.steady())) {
      look_again(account->paused_until);
      continue;
    }
    auto limits = engine_.config.packing.of(queue.lane.model);
    limits.bytes = std::min(limits.bytes, account->provider->caps().file_bytes_max -
                                              limits.items * account->provider->caps().line_frame_bytes);
    const auto now = engine_.clock.wall();
    const auto plan = core::plan_departure(queue, limits, {}, now);
    if (!plan.departure) {
      if (plan.look_again_at)
        look_again(engine_.clock.steady() + std::max(*plan.look_again_at - now, core::Duration(1)));
      continue;
    }
    auto use = co_await engine_.store.read(&core::Store::budget_use, account->name, now,
                                           account->provider->caps().file_lifetime);
    if (!use) co_return later;
    std::int64_t waiting_bytes = 0;
    for (const auto& owner : queue.owners) waiting_bytes += owner.bytes;
    if (!core::has_slot(*use, account->budget, std::min(waiting_bytes, limits.bytes))) {
      look_again(engine_.clock.steady() + engine_.config.polling.max);  // a slot that comes free rings the bell
      continue;
    }
    const bool departed = co_await depart(queue, *plan.departure, limits);
    look_again(departed ? engine_.clock.steady() : later);  // there may be enough left for another one
  }
  co_return next;
}

Task<bool> PackStage::depart(const core::LaneQueue& queue, const core::Departure& departure,
                             const core::PackLimits& limits) {
  auto batch = co_await engine_.store.state(&core::Store::open_batch, queue.id, departure.reason, engine_.clock.wall());
  if (!batch) co_return false;
  ClaimLimit left{limits.items, limits.bytes, limits.tokens};
  const auto take = [&](const core::Claimed& claimed) {
    left.items -= claimed.items;
    left.bytes -= claimed.bytes;
    left.tokens -= claimed.tokens;
  };
  // First everybody's share; then, oldest first, what the shares left over (a share too small for a single request
  // too).
  for (const auto& share : departure.shares) {
    const ClaimLimit limit{std::min(share.limit.items, left.items), std::min(share.limit.bytes, left.bytes),
                           std::min(share.limit.tokens, left.tokens)};
    const auto claimed = co_await claim(*batch, share.owner, limit);
    if (!claimed) break;
    take(*claimed);
  }
  for (const auto& share : departure.shares) {
    if (left.items <= 0) break;
    const auto claimed = co_await claim(*batch, share.owner, left);
    if (!claimed) break;
    take(*claimed);
  }
  co_return co_await finish(*batch);
}

Task<bool> PackStage::finish(core::BatchId batch) {
  unsealed_ = batch;  // a full disk may forbid it now: the next look begins here, the next start at the latest
  auto sealed = co_await engine_.store.state(&core::Store::seal, batch, engine_.clock.wall());
  if (!sealed) co_return false;
  unsealed_.reset();
  log_event(LogLevel::info, "batch_sealed",
            {{"batch", sealed->id},
             {"model", sealed->lane.model},
             {"reason", core::to_text(sealed->reason)},
             {"items", sealed->items},
             {"bytes", sealed->body_bytes},
             {"tokens", sealed->tokens}});
  engine_.bells.ring(sealed->state);
  co_return sealed->items > 0;
}

Task<core::Result<core::Claimed>> PackStage::claim(core::BatchId batch, core::OwnerId owner, ClaimLimit limit) {
  core::Claimed total;
  for (;;) {
    auto chunk = co_await engine_.store.state(&core::Store::claim, batch, owner, limit, std::optional<core::WallTime>(),
                                              engine_.clock.wall());
    if (!chunk) co_return chunk;
    total.items += chunk->items;
    total.bytes += chunk->bytes;
    total.tokens += chunk->tokens;
    limit.items -= chunk->items;
    limit.bytes -= chunk->bytes;
    limit.tokens -= chunk->tokens;
    if (!chunk->more) co_return total;
  }
}

}  // namespace batchd::daemon
