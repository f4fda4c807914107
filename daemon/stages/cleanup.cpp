// cleanup: deletes the input files of batches that are over, since storage at the provider is limited. A file that
// can't be deleted expires by itself, and counts against the budget until then. Whoever wakes this stage, no call is
// made while the provider wants none.
#include "daemon/net/log.h"
#include "daemon/stages/input_files.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

namespace {

constexpr int kFilesPerPage = 50;

}  // namespace

Task<bool> CleanupStage::clean_up(const core::Batch& batch) {
  auto* account = engine_.accounts.find_for(batch.lane);
  if (account == nullptr || account->paused(engine_.clock.steady())) co_return false;
  const bool vanished = engine_.clock.wall() - batch.created_at > account->provider->caps().file_lifetime * 2;
  if (batch.upload_n > 0 && !vanished) {
    if (engine_.clock.steady() < not_before_[account->name]) co_return false;
    const auto files = co_await engine_.store.read(&core::Store::list_inputs, batch.id);
    if (!files) co_return false;
    std::size_t done = 0;
    if (const auto fault = co_await remove_inputs(*files, *account, done)) {
      if (fault->retry_after)
        not_before_[account->name] = engine_.clock.steady() + core::bounded_retry_after(*fault->retry_after);
      log_event(LogLevel::debug, "file_not_deleted", {{"batch", batch.id}, {"message", fault->message}});
      co_return false;
    }
  }
  const core::BatchPatch patch{.file_deleted = true};
  const auto noted = co_await engine_.store.state(&core::Store::note, batch.id, patch);
  co_return noted.has_value();
}

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
      const bool clean = co_await clean_up(batch);
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
