// purge: what has been kept long enough goes, payload and all, in chunks that no caller notices.
#include "daemon/log.h"
#include "daemon/stages.h"

namespace batchd::daemon {

Task<std::optional<core::SteadyTime>> PurgeStage::once() {
  const auto wall = engine_.clock.wall();
  const core::PurgeRules rules{wall - engine_.config.retention.results, wall - engine_.config.retention.idempotency};
  auto purged = co_await engine_.store.state(&core::Store::purge, rules, wall);
  if (!purged) co_return engine_.clock.steady() + engine_.config.retry.max;
  if (purged->requests > 0) log_event(LogLevel::info, "purged", {{"requests", purged->requests}});
  co_return engine_.clock.steady() + (purged->more ? core::Duration::zero() : engine_.config.retention.purge_every);
}

}  // namespace batchd::daemon
