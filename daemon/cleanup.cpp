// cleanup: input files of batches that are over are deleted, since the provider's storage is a budget. What can't be
// deleted vanishes by itself in time and is counted until then.
#include "daemon/input_files.h"
#include "daemon/log.h"
#include "daemon/stages.h"

namespace batchd::daemon {

namespace {

constexpr int kFilesPerLook = 50;

}  // namespace

Task<std::optional<core::SteadyTime>> CleanupStage::once() {
  const core::Backoff backoff{engine_.config.retry.first, engine_.config.retry.max};
  auto batches = co_await engine_.store.read(&core::Store::list_stale_files, kFilesPerLook);
  if (!batches) co_return engine_.clock.steady() + backoff.first;
  bool trouble = false;
  for (const auto& batch : *batches) {
    if (engine_.stopping) co_return std::nullopt;
    auto* account = engine_.accounts.find(batch.lane.account);
    if (account == nullptr || account->paused(engine_.clock.steady())) {
      trouble = true;
      continue;
    }
    const bool vanished = engine_.clock.wall() - batch.created_at > account->provider->caps().file_lifetime * 2;
    if (batch.upload_n > 0 && !vanished) {
      if (const auto fault = co_await remove_inputs(batch, *account)) {
        log_event(LogLevel::debug, "file_not_deleted", {{"batch", batch.id}, {"message", fault->message}});
        trouble = true;
        continue;
      }
    }
    const core::BatchPatch patch{.file_deleted = true};
    const auto noted = co_await engine_.store.state(&core::Store::note, batch.id, patch);
    if (!noted) trouble = true;
  }
  tries_ = trouble ? tries_ + 1 : 0;
  if (trouble) co_return engine_.clock.steady() + core::backoff_pause(backoff, tries_);
  if (batches->size() == kFilesPerLook) co_return engine_.clock.steady();
  co_return std::nullopt;
}

}  // namespace batchd::daemon
