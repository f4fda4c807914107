// purge: what has been kept long enough goes, payload and all, in chunks that no caller notices.
#include "daemon/log.h"
#include "daemon/stages.h"

namespace batchd::daemon {

Task<std::optional<core::SteadyTime>> PurgeStage::once() {
  const auto wall = engine_.clock.wall();
  const auto& retention = engine_.config.retention;
  const core::PurgeRules rules{.results_before = wall - retention.results,
                               .acknowledged_before = wall - retention.acknowledged_grace,
                               .idempotency_before = wall - retention.idempotency};
  auto purged = co_await engine_.store.state(&core::Store::purge, rules, wall);
  if (!purged) co_return engine_.clock.steady() + engine_.config.retry.max;
  if (purged->requests > 0) log_event(LogLevel::info, "purged", {{"requests", purged->requests}});
  co_return engine_.clock.steady() + (purged->more ? core::Duration::zero() : retention.purge_every);
}

}  // namespace batchd::daemon
