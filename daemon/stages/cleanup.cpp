// cleanup: deletes the input files of batches that are over, since storage at the provider is limited. A file that
// can't be deleted expires by itself, and counts against the budget until then.
#include "daemon/net/log.h"
#include "daemon/stages/input_files.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

namespace {

constexpr int kFilesPerPage = 50;

// Returns true if the batch's files are gone, by deletion or because they must have expired, and this is recorded.
Task<bool> clean_up(Engine& engine, core::Batch batch) {
  auto* account = engine.accounts.find_for(batch.lane);
  if (account == nullptr || account->paused(engine.clock.steady())) co_return false;
  const bool vanished = engine.clock.wall() - batch.created_at > account->provider->caps().file_lifetime * 2;
  if (batch.upload_n > 0 && !vanished) {
    const auto files = co_await engine.store.read(&core::Store::list_inputs, batch.id);
    if (!files) co_return false;
    if (const auto fault = co_await remove_inputs(*files, *account)) {
      log_event(LogLevel::debug, "file_not_deleted", {{"batch", batch.id}, {"message", fault->message}});
      co_return false;
    }
  }
  const core::BatchPatch patch{.file_deleted = true};
  const auto noted = co_await engine.store.state(&core::Store::note, batch.id, patch);
  co_return noted.has_value();
}

}  // namespace

// Tries all batches at each look, so that those whose files can't be deleted now don't hold up the others.
Task<std::optional<core::SteadyTime>> CleanupStage::once() {
  const core::Backoff backoff{engine_.config.retry.first, engine_.config.retry.max};
  bool trouble = false;
  core::BatchId after;
  for (bool more = true; more;) {
    const auto batches = co_await engine_.store.read(&core::Store::list_stale_files, after, kFilesPerPage);
    if (!batches) co_return engine_.clock.steady() + backoff.first;
    for (const auto& batch : *batches) {
      if (engine_.stopping) co_return std::nullopt;
      const bool clean = co_await clean_up(engine_, batch);
      if (!clean) trouble = true;
      if (clean) engine_.wakeups.pack.wake();  // a lane may wait for the room
      after = batch.id;
    }
    more = batches->size() == kFilesPerPage;
  }
  tries_ = trouble ? tries_ + 1 : 0;
  if (trouble) co_return engine_.clock.steady() + core::backoff_pause(backoff, tries_);
  co_return std::nullopt;
}

}  // namespace batchd::daemon
