#include "daemon/admin/overview.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "core/version.h"

namespace batchd::daemon {
namespace {

constexpr int kBatchesShown = 500;
constexpr int kOwnersShown = 20;
constexpr std::size_t kLanesAsked = Metrics::kLanesShown;  // lanes whose load is looked up, with two queries each

std::vector<core::BatchState> live_states() {
  std::vector<core::BatchState> states;
  for (std::size_t i = 0; i < core::kBatchStates; ++i)
    if (const auto state = static_cast<core::BatchState>(i); !core::is_terminal(state)) states.push_back(state);
  return states;
}

std::int64_t free_bytes(const std::string& database) {
  std::error_code error;
  const auto space = std::filesystem::space(std::filesystem::absolute(database).parent_path(), error);
  return error ? 0 : static_cast<std::int64_t>(space.available);
}

// Lanes with something queued first, then those that only have suspicious requests, or batches under way.
std::vector<proto::LaneStatus> lanes_of(std::vector<core::LaneQueue> queues, const std::vector<core::Batch>& batches) {
  std::vector<proto::LaneStatus> lanes;
  const auto status_of = [&](core::LaneId id, const core::Lane& lane) -> proto::LaneStatus& {
    const auto found = std::ranges::find(lanes, lane, [](const auto& known) { return known.queue.lane; });
    if (found != lanes.end()) return *found;
    return lanes.emplace_back(proto::LaneStatus{.queue = {.id = id, .lane = lane, .owners = {}}});
  };
  const auto suspicious =
      std::stable_partition(queues.begin(), queues.end(), [](const auto& q) { return !q.suspicious; });
  for (auto queue = queues.begin(); queue != suspicious; ++queue) lanes.push_back({.queue = std::move(*queue)});
  for (auto queue = suspicious; queue != queues.end(); ++queue)
    status_of(queue->id, queue->lane).suspicious += proto::backlog_of(*queue).items;
  for (const auto& batch : batches) status_of(batch.lane_id, batch.lane);
  return lanes;
}

// Reads everything in one verb, so that all numbers are of the same moment.
core::Result<proto::AdminStatus> read_status(core::Store& store, const std::vector<core::BatchState>& states) {
  proto::AdminStatus status{.version = std::string(core::version()), .now = {}, .started_at = {}, .counts = {}};
  auto counts = store.counts();
  if (!counts) return counts.error();
  auto queues = store.summarise_queue();
  if (!queues) return queues.error();
  auto batches = store.list_batches(states, core::BatchId{}, kBatchesShown);
  if (!batches) return batches.error();
  auto owners = store.list_owners(kOwnersShown);
  if (!owners) return owners.error();
  const auto pauses = store.list_pauses();
  if (!pauses) return pauses.error();
  status.counts = std::move(*counts);
  status.lanes = lanes_of(std::move(*queues), *batches);
  status.live_batches = std::move(*batches);
  status.owners = std::move(*owners);
  for (auto& lane : status.lanes)
    lane.paused = std::ranges::any_of(*pauses, [&](const auto& pause) { return matches(pause, lane.queue.lane); });
  return status;
}

core::Result<std::vector<std::pair<core::LaneLoad, std::optional<core::Duration>>>> read_loads(
    core::Store& store, const std::vector<core::LaneId>& lanes) {
  std::vector<std::pair<core::LaneLoad, std::optional<core::Duration>>> loads;
  for (const auto lane : lanes) {
    auto load = store.lane_load(lane);
    if (!load) return load.error();
    const auto turnaround = store.lane_turnaround(lane);
    if (!turnaround) return turnaround.error();
    loads.emplace_back(std::move(*load), *turnaround);
  }
  return loads;
}

Task<core::Result<void>> add_loads(Engine& engine, proto::AdminStatus& status) {
  std::vector<core::LaneId> lanes;
  for (const auto& lane : status.lanes)
    if (lanes.size() < kLanesAsked) lanes.push_back(lane.queue.id);
  auto read = [&lanes](core::Store& store) { return read_loads(store, lanes); };
  const auto loads = co_await engine.store.together(storage::VerbClass::read, read);
  if (!loads) co_return loads.error();
  for (std::size_t i = 0; i < loads->size(); ++i) {
    auto& lane = status.lanes[i];
    const auto& [load, turnaround] = (*loads)[i];
    lane.enqueued_tokens = core::provider_tokens(load.learned, load.tokens);
    core::TokenLimits limits{.max = engine.config.budget.of(lane.queue.lane.model).max_enqueued_tokens};
    if (const auto* account = engine.accounts.find_for(lane.queue.lane))
      limits.first = account->provider->first_tokens(lane.queue.lane);
    lane.allowance = core::allowance(load.learned, limits, status.now);
    lane.turnaround = turnaround;
  }
  co_return core::Result<void>();
}

proto::AccountStatus status_of(const Account& account) {
  proto::AccountStatus status{.name = account.name,
                              .healthy = account.healthy(),
                              .detail = account.detail(),
                              .key = account.credential,
                              .limits = account.budget};
  if (!account.trouble.empty()) status.since = account.troubled_since;
  return status;
}

core::Result<std::vector<proto::SuspiciousQueue>> read_suspicious(core::Store& store, core::WallTime now) {
  const auto queues = store.summarise_queue();
  if (!queues) return queues.error();
  std::vector<proto::SuspiciousQueue> suspicious;
  for (const auto& queue : *queues)
    for (const auto& owner : queue.owners)
      if (queue.suspicious)
        suspicious.push_back({.owner = {.owner = owner.owner, .name = {}},
                              .lane = queue.lane,
                              .items = owner.items,
                              .suspicion = owner.suspicion,
                              .waits = core::waits_for_operator(owner.suspicion, now)});
  if (suspicious.empty()) return suspicious;
  const auto owners = store.list_owners(std::numeric_limits<int>::max());
  if (!owners) return owners.error();
  for (auto& queue : suspicious) {
    const auto known = std::ranges::find(*owners, queue.owner.owner, &core::OwnerUse::owner);
    if (known != owners->end()) queue.owner = *known;
  }
  return suspicious;
}

}  // namespace

Task<core::Result<proto::AdminStatus>> gather_status(Engine& engine, core::WallTime started_at) {
  const auto states = live_states();
  auto read = [&states](core::Store& store) { return read_status(store, states); };
  auto status = co_await engine.store.together(storage::VerbClass::read, read);
  if (!status) co_return status;
  status->now = engine.clock.wall();
  status->started_at = started_at;
  status->free_bytes = free_bytes(engine.config.store.path);
  const auto loaded = co_await add_loads(engine, *status);
  if (!loaded) co_return loaded.error();
  for (const auto& [name, account] : engine.accounts.all()) {
    auto shown = status_of(*account);
    const auto& caps = account->provider->caps();
    const auto frame_bytes = account->provider->frame_bytes({name, caps.endpoints.front(), ""});  // of a usual lane
    const auto use =
        co_await engine.store.read(&core::Store::budget_use, name, status->now, caps.file_lifetime, frame_bytes);
    if (!use) co_return use.error();
    shown.use = *use;
    status->accounts.push_back(std::move(shown));
  }
  co_return status;
}

Task<core::Result<proto::Attention>> gather_attention(Engine& engine) {
  auto read = [now = engine.clock.wall()](core::Store& store) -> core::Result<proto::Attention> {
    constexpr core::BatchState kHeld[]{core::BatchState::held};
    auto held = store.list_batches(kHeld, core::BatchId{}, kBatchesShown);
    if (!held) return held.error();
    auto strange = store.list_strange_jobs();
    if (!strange) return strange.error();
    auto paused = store.list_pauses();
    if (!paused) return paused.error();
    std::erase_if(*strange, [](const core::StrangeJob& job) { return job.accepted; });
    auto suspicious = read_suspicious(store, now);
    if (!suspicious) return suspicious.error();
    return proto::Attention{std::move(*held), {}, std::move(*strange), std::move(*paused), std::move(*suspicious)};
  };
  auto attention = co_await engine.store.together(storage::VerbClass::read, read);
  if (!attention) co_return attention;
  for (const auto& [name, account] : engine.accounts.all())
    if (!account->trouble.empty()) {
      attention->accounts.push_back(status_of(*account));
      attention->accounts.back().detail = account->trouble;  // without the strange jobs, which are listed separately
    }
  co_return attention;
}

}  // namespace batchd::daemon
