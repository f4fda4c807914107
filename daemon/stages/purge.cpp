// purge: deletes what has been kept long enough, payload included, in chunks small enough that no caller notices.
#include "daemon/net/log.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

namespace {

constexpr core::Duration kClockJump = std::chrono::hours(6);  // more than any change to summer time
constexpr core::Duration kRestAfterJump = std::chrono::hours(24);

}  // namespace

Task<std::optional<core::SteadyTime>> PurgeStage::once() {
  const auto wall = engine_.clock.wall();
  const auto steady = engine_.clock.steady();
  // A clock that jumps ahead must not make everything old at once: whether the old time or the new one is wrong, there
  // is a day to correct it.
  if (last_ && wall - last_->wall > steady - last_->steady + kClockJump) {
    rest_until_ = steady + kRestAfterJump;
    log_event(LogLevel::error, "clock_jumped",
              {{"seconds", std::chrono::floor<std::chrono::seconds>(wall - last_->wall).count()}});
  }
  last_ = Look{wall, steady};
  if (steady < rest_until_) co_return steady + engine_.config.retention.purge_every;
  const auto& retention = engine_.config.retention;
  const core::PurgeRules rules{.results_before = wall - retention.results,
                               .acknowledged_before = wall - retention.acknowledged_grace,
                               .idempotency_before = wall - retention.idempotency,
                               .answered_before = wall - retention.reattach_grace};
  auto purged = co_await engine_.store.state(&core::Store::purge, rules, wall);
  if (!purged) co_return engine_.clock.steady() + engine_.config.retry.max;
  if (purged->requests > 0) log_event(LogLevel::info, "purged", {{"requests", purged->requests}});
  co_return engine_.clock.steady() + (purged->more ? core::Duration::zero() : retention.purge_every);
}

}  // namespace batchd::daemon
