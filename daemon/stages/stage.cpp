#include <algorithm>
#include <utility>

#include "core/check.h"
#include "daemon/net/log.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {
namespace {

constexpr int kListLimit = 200;

}  // namespace

Task<void> run_stage(Engine& engine, Stage& stage, Wakeup& wakeup) {
  while (!engine.stopping) {
    const auto due = co_await stage.once();
    if (engine.stopping) break;
    const auto anyway = engine.clock.steady() + engine.config.polling.max;
    const auto next = due.value_or(anyway);
    co_await wakeup.wait_until(stage.is_woken() ? std::min(next, anyway) : next);
  }
}

void pause_account_as_asked(Account& account, const core::Fault& fault, const Engine& engine) {
  pause_account(account, fault, {engine.config.retry.first, engine.config.retry.max}, engine.clock);
  if (!fault.retry_after) return;
  account.paused_until =
      std::max(account.paused_until, engine.clock.steady() + core::bounded_retry_after(*fault.retry_after));
}

Task<std::optional<core::SteadyTime>> BatchStage::once() {
  std::vector<core::Batch> waiting;
  core::BatchId after;
  for (;;) {
    auto listed = co_await engine_.store.read(&core::Store::list_batches, std::span<const core::BatchState>(states_),
                                              after, kListLimit);
    if (!listed) co_return now() + engine_.config.retry.first;
    const bool last_page = listed->size() < kListLimit;
    if (!last_page) after = listed->back().id;
    for (auto& batch : *listed)
      if (mine(batch)) waiting.push_back(std::move(batch));
    if (last_page) break;
  }
  if (engine_.stopping) co_return std::nullopt;  // what starts after the cancellation would never hear of it
  // A batch that left and came back starts afresh; one that is being worked on keeps its timer whatever the list said.
  std::erase_if(timers_, [&](const auto& entry) {
    const auto listed = [&](const core::Batch& batch) { return batch.id == entry.first; };
    return !entry.second.busy && std::ranges::none_of(waiting, listed);
  });
  std::optional<core::SteadyTime> next;
  for (auto& batch : waiting) {
    auto& timer = timers_[batch.id];
    if (timer.busy) continue;
    // Steps in one state are no steps in the next: a fence must begin with the deletion, however often its batch was
    // listed while it was unclear.
    if (std::exchange(timer.state, batch.state) != batch.state) {
      timer.progress = {};
      timer.hurried = false;
    }
    auto* account = account_of(batch);
    const bool resumed = timer.account_paused && account != nullptr && !account->paused(now());
    const bool hurry = timer.due > now() && (resumed || (urgent(batch) && !std::exchange(timer.hurried, true)));
    if (timer.due > now() && !hurry) {
      next = std::min(next.value_or(timer.due), timer.due);
    } else if (busy_ < *parallel_) {
      timer.busy = true;
      ++busy_;
      engine_.tasks.spawn(drive(std::move(batch)));
    }  // else: the next one that finishes wakes the stage
  }
  co_return next;
}

Task<void> BatchStage::drive(core::Batch batch) {
  const auto id = batch.id;
  auto& timer = timers_.at(id);  // busy timers are never erased, and the map's nodes don't move
  auto* account = account_of(batch);
  const auto pause = co_await advance(std::move(batch), timer.progress);
  timer.due = now() + pause;
  timer.account_paused = account != nullptr && account->paused(now());
  timer.busy = false;
  --busy_;
  wakeup_.wake();
}

void BatchStage::forget_trouble_of(const core::Batch& batch) {
  auto* account = account_of(batch);
  if (batch.unexplained_since && account != nullptr) account->refuses_creates = false;
}

core::Duration BatchStage::pause_after(const core::Fault& fault, Account& account, Progress& progress) {
  engine_.metrics.faulted(account.name, core::to_text(fault.kind));
  if (fault.kind == core::Fault::Kind::account) {
    pause_account_as_asked(account, fault, engine_);
    return account.paused_until - now();
  }
  log_event(LogLevel::debug, "provider_fault",
            {{"account", account.name},
             {"kind", core::to_text(fault.kind)},
             {"status", fault.status},
             {"message", fault.message}});
  return core::pause_as_asked(core::backoff_pause(retry_backoff(), progress.tries++), fault.retry_after);
}

}  // namespace batchd::daemon
