#include "daemon/engine/engine.h"

#include <algorithm>

#include "daemon/net/log.h"

namespace batchd::daemon {

using core::BatchState;

void Wakeups::wake(BatchState state) {
  switch (state) {
    case BatchState::sealing:
      break;  // the packer, or the split that fills the batch, goes on by itself
    case BatchState::sealed:
    case BatchState::uploading:
    case BatchState::uploaded:
      submit.wake();
      break;
    case BatchState::creating:
    case BatchState::unclear:
    case BatchState::fencing:
    case BatchState::lost:
      reconcile.wake();
      break;
    case BatchState::submitted:
      poll.wake();
      break;
    case BatchState::ended:
    case BatchState::collecting:
      collect.wake();
      break;
    case BatchState::refused:
    case BatchState::fenced:
    case BatchState::unsealed:
      settle.wake();
      break;
    case BatchState::done:
      cleanup.wake();
      pack.wake();  // the slot of one that never had a job came free before, but its members have moved on only now
      break;
    case BatchState::held:
      break;  // an operator must decide
  }
}

void Wakeups::wake_all() {
  for (auto* wakeup : {&pack, &submit, &reconcile, &poll, &collect, &settle, &cleanup, &purge, &sweep, &deadlines})
    wakeup->wake();
}

Task<core::Result<core::Batch>> Engine::mark(const core::Batch& batch, BatchState to, core::BatchPatch patch) {
  auto marked = co_await store.state(&core::Store::mark, batch.id, batch.state, to, std::move(patch), clock.wall());
  if (!marked) {
    log_event(LogLevel::warn, "batch_not_moved",
              {{"batch", batch.id},
               {"from", core::to_text(batch.state)},
               {"to", core::to_text(to)},
               {"error", core::to_text(marked.error().code)},
               {"detail", marked.error().detail}});
    co_return marked;
  }
  if (to != batch.state) {
    moved(*marked, batch.state);
    wakeups.wake(to);
    if (to == BatchState::ended || to == BatchState::held) wakeups.pack.wake();
  }
  co_return marked;
}

void Engine::moved(const core::Batch& batch, BatchState from) {
  const bool held = batch.state == BatchState::held;
  log_event(held ? LogLevel::error : LogLevel::info, "batch",
            {{"batch", batch.id},
             {"from", core::to_text(from)},
             {"to", core::to_text(batch.state)},
             {"items", batch.items},
             {"job", batch.job},
             {"message", held ? batch.message : ""}});
  metrics.moved(batch);
}

bool Engine::refused(const core::Batch& batch, const core::Result<core::Recorded>& recorded, int status) {
  if (!recorded) {
    log_event(LogLevel::warn, "batch_not_moved",
              {{"batch", batch.id}, {"to", "refused"}, {"detail", recorded.error().detail}});
    return false;
  }
  log_event(LogLevel::warn, "batch_refused", {{"batch", batch.id}, {"status", status}});
  metrics.entered(BatchState::refused);
  announce(*recorded);
  wakeups.wake(BatchState::refused);
  return true;
}

void Engine::announce(const core::Recorded& recorded) {
  metrics.ended(recorded, clock.wall());
  waiters.notify(recorded.finished, recorded.owners);
  if (recorded.requeued > 0) wakeups.pack.wake();
}

// Each of these stages sees in the batch's row that no request waits for it (packed = 0).
void Engine::deserted(core::BatchId batch) {
  log_event(LogLevel::info, "batch_deserted", {{"batch", batch}});
  for (auto* wakeup : {&wakeups.submit, &wakeups.poll, &wakeups.settle}) wakeup->wake();
}

void Engine::try_at_once(Account& account) {
  account.paused_until = clock.steady();
  account.key_read = false;
  account.refuses_creates = false;
  wakeups.wake_all();
}

Task<core::Result<void>> Engine::resume(Account& account) {
  auto accepted = co_await store.state(&core::Store::accept_strange_jobs, account.name);
  if (!accepted) co_return accepted;
  auto counted = co_await count_strange_jobs();
  try_at_once(account);
  co_return counted;
}

Task<core::Result<void>> Engine::count_strange_jobs() {
  const auto jobs = co_await store.read(&core::Store::list_strange_jobs);
  if (!jobs) co_return jobs.error();
  for (const auto& [name, account] : accounts.all()) {
    const auto counts = [&of = name](const core::StrangeJob& job) { return job.account == of && !job.accepted; };
    account->strange_jobs = std::ranges::count_if(*jobs, counts);
  }
  co_return core::Result<void>();
}

}  // namespace batchd::daemon
