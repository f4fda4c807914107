// What people, monitors and service managers ask: the caller's own numbers, the whole machine's, alive, ready.
#include <algorithm>

#include "daemon/api.h"

namespace batchd::daemon {
namespace {

constexpr int kBatchesShown = 500;

std::vector<core::BatchState> live_states() {
  std::vector<core::BatchState> states;
  for (std::size_t i = 0; i < core::kBatchStates; ++i)
    if (const auto state = static_cast<core::BatchState>(i); !core::is_terminal(state)) states.push_back(state);
  return states;
}

}  // namespace

Task<void> Api::status(Exchange& exchange, std::string_view) {
  const auto counts = co_await engine_.store.read(&core::Store::owner_counts, exchange.peer().owner);
  if (counts)
    co_await reply_json(exchange, 200, proto::status_json(*counts));
  else
    co_await reply_problem(exchange, problem_of(counts.error()));
}

Task<void> Api::admin_status(Exchange& exchange, std::string_view) {
  const auto now = engine_.clock.wall();
  proto::AdminStatus status{.version = BATCHD_VERSION, .now = now, .started_at = started_at_};
  const auto states = live_states();
  auto counts = co_await engine_.store.read(&core::Store::counts);
  auto lanes = co_await engine_.store.read(&core::Store::summarise_queue);
  auto batches = co_await engine_.store.read(&core::Store::list_batches, std::span<const core::BatchState>(states),
                                             core::BatchId{}, kBatchesShown);
  if (!counts || !lanes || !batches) {
    co_await reply_problem(exchange, problem_of(!counts ? counts.error() : !lanes ? lanes.error() : batches.error()));
    co_return;
  }
  status.counts = std::move(*counts);
  status.lanes = std::move(*lanes);
  status.live_batches = std::move(*batches);
  for (const auto& [name, account] : engine_.accounts.all()) {
    proto::AccountStatus shown{
        .name = name, .healthy = account->healthy(), .detail = account->detail(), .limits = account->budget};
    const auto use =
        co_await engine_.store.read(&core::Store::budget_use, name, now, account->provider->caps().file_lifetime);
    if (use) shown.use = *use;
    status.accounts.push_back(std::move(shown));
  }
  co_await reply_json(exchange, 200, proto::admin_status_json(status));
}

Task<void> Api::healthz(Exchange& exchange, std::string_view) {
  co_await reply_json(exchange, 200, "{\"status\":\"alive\"}\n");
}

Task<void> Api::readyz(Exchange& exchange, std::string_view) {
  const auto written = co_await engine_.store.state(&core::Store::probe);
  if (engine_.stopping)
    co_await reply_problem(exchange, stopping_problem());
  else if (!written)
    co_await reply_problem(
        exchange, make_problem(503, "not_ready", "the store takes no writes: " + written.error().detail, true));
  else
    co_await reply_json(exchange, 200, "{\"status\":\"ready\"}\n");
}

}  // namespace batchd::daemon
