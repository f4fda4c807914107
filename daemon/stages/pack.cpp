// pack: turns queued requests into sealed batches. core/packer.h decides when a batch leaves and who is on it,
// core/budget.h how much may be enqueued; this file carries that out, in chunks, so that no acknowledgement waits for a
// large claim.
#include <algorithm>
#include <functional>
#include <iterator>

#include "daemon/net/log.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::ClaimLimit;

namespace {

constexpr std::size_t kLanesPerRead = 50;  // each takes a few rows: its batches, and the ends of its last jobs
constexpr std::int64_t kCrumb = 4;         // a batch that the budget would cut to less than 1/4 waits instead

core::ClaimLimit waiting_in(const core::LaneQueue& queue) {
  ClaimLimit all;
  for (const auto& owner : queue.owners) {
    all.items += owner.items;
    all.bytes += owner.bytes;
    all.tokens += owner.tokens;
  }
  return all;
}

bool asked_for(const core::LaneQueue& queue, std::optional<core::WallTime> flush) {
  const auto asked = [&](const core::OwnerQueue& owner) { return flush && owner.oldest <= *flush; };
  return std::ranges::any_of(queue.owners, asked);
}
bool urgent_in(const core::LaneQueue& queue, std::optional<core::WallTime> before) {
  const auto urgent = [&](const core::OwnerQueue& owner) {
    return before && owner.nearest_deadline && *owner.nearest_deadline < *before;
  };
  return std::ranges::any_of(queue.owners, urgent);
}

bool before_create(core::BatchState state) {
  using enum core::BatchState;
  return state == sealing || state == sealed || state == uploading || state == uploaded || state == creating;
}

}  // namespace

struct PackStage::Lane {
  core::LaneQueue queue;
  Account* account = nullptr;
  core::Circumstances circumstances;
  core::LaneLoad load;
  core::BudgetUse* use = nullptr;  // the account's
};

Task<std::optional<core::SteadyTime>> PackStage::once() {
  const auto later = engine_.clock.steady() + engine_.config.retry.first;
  if (unfinished_) {
    const bool sealed = co_await finish(*unfinished_);
    if (!sealed) co_return later;
  }
  auto lanes = co_await lanes_that_may_leave();
  if (!lanes) co_return later;
  const auto lanes_seen = co_await look_at_lanes(*lanes);
  if (!lanes_seen) co_return later;
  const auto accounts_seen = co_await look_at_accounts(*lanes);
  if (!accounts_seen) co_return later;

  std::optional<core::SteadyTime> next;
  const auto look_again = [&](core::SteadyTime due) { next = std::min(next.value_or(due), due); };
  for (const auto& [name, account] : engine_.accounts.all())
    if (account->paused(engine_.clock.steady())) look_again(account->paused_until);
  for (auto& lane : *lanes)
    if (const auto due = co_await serve(lane)) look_again(*due);
  co_return next;
}

// Returns the lanes that have something queued, whose account works, and that no operator has paused. Skipped lanes are
// woken by account recovery or by an operator's resume.
Task<core::Result<std::vector<PackStage::Lane>>> PackStage::lanes_that_may_leave() {
  auto queues = co_await engine_.store.read(&core::Store::summarise_queue);
  if (!queues) co_return queues.error();
  // Suspicious queues come last, and no flush waits for them.
  const auto suspicious =
      std::stable_partition(queues->begin(), queues->end(), std::not_fn(std::mem_fn(&core::LaneQueue::suspicious)));
  std::vector<core::LaneQueue> apart(std::make_move_iterator(suspicious), std::make_move_iterator(queues->end()));
  queues->erase(suspicious, queues->end());
  engine_.flushes.forget_fulfilled(*queues);
  const auto left_out = co_await leave_out_underway(apart);
  if (!left_out) co_return left_out.error();
  std::ranges::move(apart, std::back_inserter(*queues));
  const auto pauses = co_await engine_.store.read(&core::Store::list_pauses);
  if (!pauses) co_return pauses.error();
  std::vector<Lane> lanes;
  std::map<std::string, std::int64_t> lanes_of;
  for (const auto& queue : *queues) {
    if (queue.owners.empty()) continue;
    auto* account = engine_.accounts.find_for(queue.lane);
    if (account == nullptr) continue;  // its requests wait until the account is configured again
    if (account->paused(engine_.clock.steady()) || account->strange_jobs > 0) continue;
    const auto meant = [&](const core::LaneSelector& pause) { return core::matches(pause, queue.lane); };
    if (std::ranges::any_of(*pauses, meant)) continue;
    if (!queue.suspicious) ++lanes_of[account->name];
    Lane lane;
    lane.queue = queue;
    lane.account = account;
    lane.circumstances.jobs_max = account->budget.jobs;
    if (!queue.suspicious) lane.circumstances.flush = engine_.flushes.of(queue.lane);
    lanes.push_back(std::move(lane));
  }
  for (auto& lane : lanes) lane.circumstances.lanes = lanes_of[lane.account->name];
  co_return lanes;
}

Task<core::Result<void>> PackStage::leave_out_underway(std::vector<core::LaneQueue>& queues) {
  for (auto entry = suspicious_underway_.begin(); entry != suspicious_underway_.end();) {
    const auto batch = co_await engine_.store.read(&core::Store::get_batch, entry->first);
    if (!batch && batch.error().code != core::Errc::not_found) co_return batch.error();
    if (!batch || !before_create(batch->state)) {
      entry = suspicious_underway_.erase(entry);
      continue;
    }
    const auto& [lane, owner] = entry->second;
    for (auto& queue : queues)
      if (queue.id == lane)
        std::erase_if(queue.owners, [&left_out = owner](const auto& waiting) { return waiting.owner == left_out; });
    ++entry;
  }
  co_return core::Result<void>();
}

Task<core::Result<void>> PackStage::look_at_lanes(std::vector<Lane>& lanes) {
  struct Facts {
    std::optional<core::Duration> turnaround;
    core::LaneLoad load;
  };
  for (std::size_t from = 0; from < lanes.size(); from += kLanesPerRead) {
    std::vector<core::LaneId> ids;
    for (auto i = from; i < std::min(from + kLanesPerRead, lanes.size()); ++i) ids.push_back(lanes[i].queue.id);
    auto read = [ids](core::Store& store) -> core::Result<std::vector<Facts>> {
      std::vector<Facts> all;
      for (const auto id : ids) {
        const auto turnaround = store.lane_turnaround(id);
        if (!turnaround) return turnaround.error();
        const auto load = store.lane_load(id);
        if (!load) return load.error();
        all.push_back({*turnaround, *load});
      }
      return all;
    };
    const auto facts = co_await engine_.store.together(storage::VerbClass::read, std::move(read));
    if (!facts) co_return facts.error();
    for (std::size_t i = 0; i < facts->size(); ++i) {
      lanes[from + i].circumstances.turnaround = (*facts)[i].turnaround;
      lanes[from + i].load = (*facts)[i].load;
    }
  }
  co_return core::Result<void>();
}

Task<core::Result<void>> PackStage::look_at_accounts(std::vector<Lane>& lanes) {
  uses_.clear();
  for (auto& lane : lanes) {
    const auto& name = lane.account->name;
    if (!uses_.contains(name)) {
      const auto& provider = *lane.account->provider;
      const auto use =
          co_await engine_.store.read(&core::Store::budget_use, name, engine_.clock.wall(),
                                      provider.caps().file_lifetime, provider.frame_bytes(lane.queue.lane));
      if (!use) co_return use.error();
      uses_[name] = *use;
    }
    lane.use = &uses_[name];
  }
  co_return core::Result<void>();
}

core::PackLimits PackStage::limits_of(const Lane& lane) const {
  auto limits = engine_.config.packing.of(lane.queue.lane.model);
  const auto& provider = *lane.account->provider;
  const auto& caps = provider.caps();
  limits.items = std::min(limits.items, caps.items_max);
  limits.bytes =
      std::min(limits.bytes,
               std::max<std::int64_t>(caps.input_bytes_max - limits.items * provider.frame_bytes(lane.queue.lane), 1));
  return limits;
}

Task<std::optional<core::SteadyTime>> PackStage::serve(Lane& lane) {
  const auto now = engine_.clock.wall();
  const auto steady = engine_.clock.steady();
  const auto at = [&](core::WallTime when) { return steady + std::max(when - now, core::Duration(1)); };
  const auto eventually = steady + engine_.config.polling.max;  // this stage is woken when something comes free
  const auto& learned = lane.load.learned;

  // The provider has just refused a batch as too much: send none for a while, not even a smaller one.
  if (const auto rest = rests_until(engine_, learned)) co_return at(*rest);

  auto limits = limits_of(lane);
  // How much the provider's storage still takes. A request larger than that goes when nothing else is stored.
  const auto waiting = waiting_in(lane.queue);
  const auto frame = lane.account->provider->frame_bytes(lane.queue.lane);
  const auto storable = lane.account->budget.stored_bytes - lane.use->stored_bytes;
  const auto line = waiting.bytes / std::max<std::int64_t>(waiting.items, 1) + frame;  // on average
  if (lane.use->stored_bytes > 0 && storable < line) co_return eventually;
  if (lane.queue.suspicious && storable < lane.use->stored_bytes) co_return eventually;  // the other half is for others
  limits.bytes = std::clamp<std::int64_t>(storable, 1, limits.bytes);
  limits.items = std::clamp<std::int64_t>(storable / line, 1, limits.items);
  const auto allowed = core::allowance(learned, token_limits(engine_, lane.queue.lane), now);
  const bool alone = lane.load.batches == 0;  // if nothing else is enqueued, a batch may always go
  const auto left =
      core::estimated_tokens(learned, allowed - (alone ? 0 : core::provider_tokens(learned, lane.load.tokens)));
  if (left <= 0 && !alone) co_return eventually;
  const auto worth_it = std::min({waiting.tokens, limits.tokens, core::estimated_tokens(learned, allowed) / kCrumb});
  limits.tokens = std::clamp<std::int64_t>(left, 1, limits.tokens);

  lane.circumstances.jobs = lane.use->jobs;
  const auto plan = core::plan_departure(lane.queue, limits, lane.circumstances, now);
  if (!plan.departure) co_return plan.look_again_at ? std::min(at(*plan.look_again_at), eventually) : eventually;
  const bool hurry =
      asked_for(lane.queue, lane.circumstances.flush) || urgent_in(lane.queue, plan.departure->urgent_before);
  if (!alone && !hurry && left < worth_it) co_return eventually;
  const auto bytes = std::min(waiting.bytes, limits.bytes);
  if (!core::has_slot(*lane.use, lane.account->budget)) co_return eventually;

  if (lane.queue.suspicious) limits.items = plan.departure->shares.front().limit.items;  // and not what else would fit
  const bool departed = co_await depart(lane.queue, *plan.departure, limits);
  if (!departed) co_return steady + engine_.config.retry.first;
  lane.use->jobs += 1;
  lane.use->stored_bytes += bytes;
  co_return steady;  // there may be enough left for another one
}

Task<bool> PackStage::depart(const core::LaneQueue& queue, const core::Departure& departure,
                             const core::PackLimits& limits) {
  auto batch = co_await engine_.store.state(&core::Store::open_batch, queue.id, departure.reason, engine_.clock.wall());
  if (!batch) co_return false;
  if (queue.suspicious) suspicious_underway_.insert({*batch, {queue.id, departure.shares.front().owner}});
  ClaimLimit left{limits.items, limits.bytes, limits.tokens};
  const auto take = [&](const core::Claimed& claimed) {
    left.items -= claimed.items;
    left.bytes -= claimed.bytes;
    left.tokens -= claimed.tokens;
  };
  // First every owner's share; then what the shares left over, oldest owner first (a share may be too small for a
  // single request).
  for (const auto& share : departure.shares) {
    const ClaimLimit limit{std::min(share.limit.items, left.items), std::min(share.limit.bytes, left.bytes),
                           std::min(share.limit.tokens, left.tokens)};
    const auto claimed = co_await claim(*batch, share.owner, limit, departure.urgent_before);
    if (!claimed) break;
    take(*claimed);
  }
  for (const auto& share : departure.shares) {
    if (left.items <= 0) break;
    const auto claimed = co_await claim(*batch, share.owner, left, std::nullopt);
    if (!claimed) break;
    take(*claimed);
  }
  co_return co_await finish(*batch);
}

Task<bool> PackStage::finish(core::BatchId batch) {
  unfinished_ = batch;  // a full disk may prevent the sealing: the next look tries again, or recovery at the next start
  auto sealed = co_await engine_.store.state(&core::Store::seal, batch, engine_.clock.wall());
  if (!sealed) co_return false;
  unfinished_.reset();
  log_event(LogLevel::info, "batch_sealed",
            {{"batch", sealed->id},
             {"model", sealed->lane.model},
             {"reason", core::to_text(sealed->reason)},
             {"items", sealed->items},
             {"bytes", sealed->body_bytes},
             {"tokens", sealed->tokens}});
  engine_.wakeups.wake(sealed->state);
  co_return sealed->items > 0;
}

// Claims the requests of one owner: first those with a deadline before `urgent_before`, then the oldest.
Task<core::Result<core::Claimed>> PackStage::claim(core::BatchId batch, core::OwnerId owner, ClaimLimit limit,
                                                   std::optional<core::WallTime> urgent_before) {
  core::Claimed total;
  for (;;) {
    auto chunk =
        co_await engine_.store.state(&core::Store::claim, batch, owner, limit, urgent_before, engine_.clock.wall());
    if (!chunk) co_return chunk;
    total.items += chunk->items;
    total.bytes += chunk->bytes;
    total.tokens += chunk->tokens;
    limit.items -= chunk->items;
    limit.bytes -= chunk->bytes;
    limit.tokens -= chunk->tokens;
    if (chunk->more) continue;
    if (!urgent_before) co_return total;
    urgent_before.reset();
  }
}

}  // namespace batchd::daemon
