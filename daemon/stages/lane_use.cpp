#include "daemon/stages/lane_use.h"

#include <algorithm>

#include "core/schedule.h"
#include "daemon/net/log.h"

namespace batchd::daemon {

using core::BatchState;
using core::LaneBudget;

namespace {

constexpr int kPage = 200;
constexpr std::int64_t kSmallRequest = 100;  // a request is small up to 1/100 of its lane's limit

bool has_job(const core::Batch& batch) {
  return batch.state == BatchState::submitted || batch.state == BatchState::lost;
}

// For how long the provider wants the lane to be left alone, as recorded with the batch; zero if it doesn't say.
core::Duration asked_rest(const core::Batch& batch, core::WallTime now) {
  return batch.not_before ? std::max(*batch.not_before - now, core::Duration::zero()) : core::Duration::zero();
}

// Reads and writes in one transaction, because two batches of a lane may learn at the same time.
Task<core::Result<void>> learn(Engine& engine, const core::Batch& batch,
                               std::function<LaneBudget(const LaneBudget&)> lesson) {
  auto change = [lane = batch.lane_id, lesson = std::move(lesson)](core::Store& store) -> core::Result<LaneBudget> {
    const auto load = store.lane_load(lane);
    if (!load) return load.error();
    const auto& before = load->learned;
    const auto after = lesson(before);
    if (after.ratio == before.ratio && after.allowance == before.allowance && after.since == before.since) return after;
    const auto set = store.set_lane_budget(lane, after);
    if (!set) return set.error();
    return after;
  };
  const auto after = co_await engine.store.together(storage::VerbClass::state, std::move(change));
  if (!after) co_return after.error();
  log_event(LogLevel::debug, "lane_budget",
            {{"account", batch.lane.account},
             {"model", batch.lane.model},
             {"allowance", after->allowance},
             {"ratio_percent", static_cast<std::int64_t>(after->ratio * 100)}});
  co_return core::Result<void>();
}

}  // namespace

core::TokenLimits token_limits(Engine& engine, const core::Lane& lane) {
  core::TokenLimits limits{.max = engine.config.budget.of(lane.model).max_enqueued_tokens};
  if (const auto* account = engine.accounts.find_for(lane)) limits.first = account->provider->first_tokens(lane);
  return limits;
}

std::optional<core::WallTime> rests_until(const Engine& engine, const core::LaneBudget& learned) {
  const auto rest_max = std::max(engine.config.submission.throttle_first, core::kRetryAfterMax);
  return core::rests_until(learned, rest_max, engine.clock.wall());
}

Task<core::Result<OthersOfLane>> others_of_lane(Engine& engine, const core::Batch& batch) {
  static constexpr std::array kAtTheProvider{BatchState::creating, BatchState::submitted, BatchState::unclear,
                                             BatchState::fencing, BatchState::lost};
  OthersOfLane others;
  for (core::BatchId after;;) {
    const auto page = co_await engine.store.read(&core::Store::list_batches,
                                                 std::span<const BatchState>(kAtTheProvider), after, kPage);
    if (!page) co_return page.error();
    for (const auto& other : *page) {
      if (other.lane != batch.lane || other.id == batch.id) continue;
      if (has_job(other)) others.job_tokens += other.tokens;
      others.tokens += other.tokens;
      ++others.batches;
    }
    if (page->size() < kPage) co_return others;
    after = page->back().id;
  }
}

Task<core::Result<bool>> may_enqueue(Engine& engine, const core::Batch& batch) {
  const auto load = co_await engine.store.read(&core::Store::lane_load, batch.lane_id);
  if (!load) co_return load.error();
  if (rests_until(engine, load->learned)) co_return false;
  const auto allowed = core::allowance(load->learned, token_limits(engine, batch.lane), engine.clock.wall());
  const auto others = co_await others_of_lane(engine, batch);
  if (!others) co_return others.error();
  co_return others->batches == 0 || core::provider_tokens(load->learned, others->tokens + batch.tokens) <= allowed;
}

Task<core::Result<bool>> learn_from_throttle(Engine& engine, const core::Batch& batch) {
  const auto others = co_await others_of_lane(engine, batch);
  if (!others) co_return others.error();
  const auto limits = token_limits(engine, batch.lane);
  const auto asked = asked_rest(batch, engine.clock.wall());
  const bool alone = others->batches == 0;
  const bool small = batch.items == 1 && batch.tokens <= limits.max / kSmallRequest;
  const bool not_tokens = alone && small;
  if (!not_tokens && engine.not_for_tokens.contains(batch.lane_id)) co_return false;
  auto lesson = [not_tokens, limits, asked, enqueued = others->job_tokens, refused = batch.tokens,
                 rest = std::max(engine.config.submission.throttle_first, asked),
                 wall = engine.clock.wall()](const LaneBudget& learned) {
    if (not_tokens) return LaneBudget{.ratio = learned.ratio, .allowance = 0, .since = wall + asked};
    return core::after_throttle(learned, core::provider_tokens(learned, enqueued),
                                core::provider_tokens(learned, refused), limits, wall, rest);
  };
  const auto learned = co_await learn(engine, batch, std::move(lesson));
  if (!learned) co_return learned.error();
  if (not_tokens) engine.not_for_tokens.insert(batch.lane_id);
  co_return alone&& batch.items > 1;
}

Task<core::Result<void>> learn_from_create(Engine& engine, const core::Batch& batch) {
  engine.not_for_tokens.erase(batch.lane_id);
  const auto load = co_await engine.store.read(&core::Store::lane_load, batch.lane_id);
  if (!load) co_return load.error();
  const auto limits = token_limits(engine, batch.lane);
  if (core::allowance(load->learned, limits, engine.clock.wall()) >= limits.max) co_return core::Result<void>();
  const auto others = co_await others_of_lane(engine, batch);
  if (!others) co_return others.error();
  auto lesson = [limits, enqueued = others->job_tokens + batch.tokens,
                 wall = engine.clock.wall()](const LaneBudget& learned) {
    return core::after_create(learned, core::provider_tokens(learned, enqueued), limits, wall);
  };
  co_return co_await learn(engine, batch, std::move(lesson));
}

Task<core::Result<void>> learn_from_usage(Engine& engine, const core::Batch& batch, PromptTokens counted) {
  if (counted.lines == 0 || batch.items == 0) co_return core::Result<void>();
  auto lesson = [estimated = batch.tokens * counted.lines / batch.items, counted](const LaneBudget& learned) {
    auto after = learned;
    after.ratio = core::learn_ratio(learned.ratio, estimated, counted.tokens);
    return after;
  };
  co_return co_await learn(engine, batch, std::move(lesson));
}

}  // namespace batchd::daemon
