// collect: turns a finished job's lines into outcomes, each for the request whose wire key it carries, and then judges
// the requests without a line (core/requeue.h). All of this may be repeated from the start: outcomes are recorded once.
#include <algorithm>

#include "daemon/net/log.h"
#include "daemon/stages/result_sink.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::BatchState;
using core::Fault;

namespace {

constexpr std::int64_t kParallelCollects = 2;
// From this many members on, a file without a single line of ours can't be explained by lost lines: the whole batch
// sent again would be paid for again, with the same result.
constexpr std::int64_t kMembersForDoubt = 20;
// Sending a request again costs money, reading a file again doesn't. So the first pass takes responses only; an error
// line, or the lack of a line, counts only if the second pass finds no response either.
constexpr int kPasses = 2;

core::AbsentVerdict verdict_for(const core::Batch& batch, std::int64_t lines_read) {
  if (batch.released) {
    return {core::AbsentFate::requeue, true,
            core::own_error(core::ErrorClass::internal, "the batch's result was lost at the provider")};
  }
  return core::judge_absent({.end = batch.end.value_or(core::JobEnd::succeeded),
                             .failed_for = batch.failed_for,
                             .error = batch.error,
                             .had_lines = lines_read > 0,
                             .alone = batch.items == 1,
                             .we_cancelled = batch.cancel_asked,
                             .we_deleted_its_file = batch.fence_begun});
}

}  // namespace

CollectStage::CollectStage(Engine& engine)
    : BatchStage(engine, engine.wakeups.collect, {BatchState::ended, BatchState::collecting}, &kParallelCollects) {}

Task<core::Duration> CollectStage::advance(core::Batch batch, Progress& progress) {
  if (batch.state == BatchState::ended) {
    const auto moved = co_await engine_.mark(batch, BatchState::collecting);
    co_return pause_unless(moved.has_value());
  }
  auto* account = account_of(batch);
  if (account == nullptr) co_return engine_.config.retry.max;
  if (account->paused(now())) co_return account->paused_until - now();
  if (!batch.results.empty()) co_return co_await collect(std::move(batch), *account, progress);
  const bool awaited = batch.packed > 0;  // somebody still waits for a result of the batch
  if (batch.end == core::JobEnd::succeeded && !batch.released && awaited) {
    const core::BatchPatch patch{.message = "its job succeeded, but the provider names no result file"};
    const auto held = co_await engine_.mark(batch, BatchState::held, patch);
    co_return pause_unless(held.has_value());
  }
  co_return co_await conclude(std::move(batch), {});
}

Task<core::Duration> CollectStage::collect(core::Batch batch, Account& account, Progress& progress) {
  // Patience counts the time over which the provider gives odd answers about the file, without outages in between.
  const auto use_patience = [&] {
    if (progress.since) progress.lasted += now() - *progress.since;
    progress.since = now();
  };
  const bool awaited = batch.packed > 0;  // otherwise lines are dropped, and the batch is not held for a lack of them
  const bool patience_is_over = progress.lasted >= engine_.config.polling.download_grace;
  const bool last_pass = progress.phase + 1 >= kPasses || !awaited;
  ResultSink sink(engine_, batch, *account.provider, last_pass);
  core::Result<bool> whole = true;
  for (auto result = batch.results.begin(); result != batch.results.end() && whole && *whole; ++result) {
    auto dialogue = account.provider->results(*result);
    const auto answer = co_await converse(*account.link, *dialogue, nullptr, &sink);
    if (const auto* fault = std::get_if<Fault>(&answer)) {
      co_await sink.abandon();
      const bool unavailable = fault->kind == Fault::Kind::missing || fault->kind == Fault::Kind::refused;
      if (unavailable)
        use_patience();
      else
        progress.since.reset();
      if (!unavailable || !patience_is_over) {
        if (unavailable && (batch.released || !awaited)) co_return co_await conclude(std::move(batch), {});
        co_return pause_after(*fault, account, progress);
      }
      const core::BatchPatch patch{.message = "its result file can't be downloaded: " + fault->message};
      const auto held = co_await engine_.mark(batch, BatchState::held, patch);
      co_return pause_unless(held.has_value());
    }
    account_works(account);
    whole = co_await sink.finish(patience_is_over);
  }
  // A success without a single line of ours may not be a result file, but an error page with status 200, say.
  const bool strange = batch.end == core::JobEnd::succeeded && sink.lines_read() == 0 && !patience_is_over && awaited;
  if (!whole || !*whole || strange) {
    if (whole) use_patience();
    co_await sink.abandon();
    log_event(LogLevel::warn, "results_cut", {{"batch", batch.id}, {"bytes", sink.bytes()}});
    co_return core::backoff_pause(retry_backoff(), progress.tries++);
  }
  const bool alien = batch.end == core::JobEnd::succeeded && sink.lines_read() == 0 && !batch.released && awaited;
  if (alien && batch.items >= kMembersForDoubt) {
    const core::BatchPatch patch{.message = "its result file has no line that is ours"};
    const auto held = co_await engine_.mark(batch, BatchState::held, patch);
    co_return pause_unless(held.has_value());
  }
  const bool missing = sink.lines_read() < batch.items;
  if (!last_pass && (missing || sink.errors_left() > 0)) {
    ++progress.phase;
    co_return missing ? core::backoff_pause(retry_backoff(), 0) : core::Duration::zero();
  }
  batch.result_bytes = sink.bytes();
  Seen seen{sink.lines_read(), sink.counts(), sink.prompts()};
  co_return co_await conclude(std::move(batch), std::move(seen));
}

Task<core::Duration> CollectStage::conclude(core::Batch batch, Seen seen) {
  auto verdict = verdict_for(batch, seen.lines);
  if (batch.items > 1) verdict.cause.body.clear();  // it may be about one member alone, and is long
  switch (verdict.fate) {
    case core::AbsentFate::requeue:
    case core::AbsentFate::requeue_free:
    case core::AbsentFate::fail:
      break;
    case core::AbsentFate::bisect: {
      const bool model = batch.failed_for == core::FailedFor::model;
      const core::BatchPatch patch{.refusal = model ? core::RefusedFor::model : core::RefusedFor::poison};
      const auto refused = co_await engine_.mark(batch, BatchState::refused, patch);
      co_return pause_unless(refused.has_value());
    }
    case core::AbsentFate::hold: {
      const auto held = co_await engine_.mark(batch, BatchState::held);
      co_return pause_unless(held.has_value());
    }
  }
  for (bool more = true; more;) {
    auto settled = co_await engine_.store.outcome(&core::Store::settle_absent, batch.id, verdict,
                                                  engine_.max_attempts(), engine_.clock.wall());
    if (!settled) co_return pause_unless(false);
    more = settled->more;
    engine_.announce(*settled);
  }
  const auto settled = co_await engine_.store.read(&core::Store::get_batch, batch.id);
  if (!settled) co_return pause_unless(false);
  // Every other line was the second one of its request, or of a request that had ended before.
  const auto used = settled->lines.succeeded + settled->lines.failed + settled->lines.requeued - settled->lines.missing;
  seen.counts.dropped = std::max<std::int64_t>(0, seen.lines - used);
  const core::BatchPatch patch{.result_bytes = batch.result_bytes, .lines = seen.counts};
  const auto done = co_await engine_.mark(batch, BatchState::done, patch);
  if (!done) co_return pause_unless(false);
  // If one of these fails, the next batch teaches the same.
  if (batch.end == core::JobEnd::failed && batch.failed_for == core::FailedFor::too_much)
    co_await learn_from_throttle(engine_, *done);
  co_await learn_from_usage(engine_, *done, seen.prompts);
  const auto& lines = done->lines;
  const bool odd = lines.missing + lines.dropped + lines.foreign + lines.unreadable > 0;
  log_event(odd ? LogLevel::warn : LogLevel::info, "batch_collected",
            {{"batch", batch.id},
             {"succeeded", lines.succeeded},
             {"failed", lines.failed},
             {"requeued", lines.requeued},
             {"missing", lines.missing},
             {"possibly_charged", lines.possibly_charged},
             {"dropped", lines.dropped},
             {"foreign", lines.foreign},
             {"unreadable", lines.unreadable}});
  co_return core::Duration::zero();
}

}  // namespace batchd::daemon
