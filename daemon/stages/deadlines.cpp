// deadlines: requests that are to fail at their deadline end as expired, whether queued or packed. A deadline that a
// request should only leave in time for is the packer's business.
#include <algorithm>

#include "daemon/net/log.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

Task<std::optional<core::SteadyTime>> DeadlineStage::once() {
  // Look at least this often, because a clock that is set forward isn't noticed while waiting.
  const auto latest = engine_.clock.steady() + engine_.config.retention.purge_every;
  const auto wall = engine_.clock.wall();
  auto expired = co_await engine_.store.state(&core::Store::expire_due, wall);
  if (!expired) co_return engine_.clock.steady() + engine_.config.retry.first;
  if (const auto ended = expired->recorded.finished.size(); ended > 0)
    log_event(LogLevel::info, "expired", {{"requests", ended}});
  engine_.announce(expired->recorded);
  for (const auto batch : expired->deserted) engine_.deserted(batch);
  if (!expired->next) co_return latest;
  co_return std::min(latest, engine_.clock.steady() + std::max(*expired->next - wall, core::Duration::zero()));
}

}  // namespace batchd::daemon
