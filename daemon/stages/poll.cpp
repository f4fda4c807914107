// poll: looks at jobs until they are over. A look that fails says nothing about the job: only a clear answer of the
// provider moves a batch, and a job state that we don't know means "not ended". The provider is asked to cancel a job
// that nobody waits for, and the job is then polled like any other until the provider says how it ended.
#include "core/secrets.h"
#include "daemon/net/log.h"
#include "daemon/net/random.h"
#include "daemon/stages/refused_lines.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::BatchState;
using core::Fault;

namespace {

constexpr std::int64_t kParallelPolls = 8;

}  // namespace

PollStage::PollStage(Engine& engine)
    : BatchStage(engine, engine.wakeups.poll, {BatchState::submitted}, &kParallelPolls) {}

Task<core::Duration> PollStage::advance(core::Batch batch, Progress& progress) {
  auto* account = account_of(batch);
  if (account == nullptr) co_return engine_.config.retry.max;
  if (account->paused(now())) co_return account->paused_until - now();
  if (batch.packed == 0 && !batch.cancel_asked) co_return co_await cancel(std::move(batch), *account, progress);
  auto dialogue = account->provider->poll(batch.job);
  auto answer = co_await converse(*account->link, *dialogue);
  if (const auto* fault = std::get_if<Fault>(&answer)) {
    // A key of another project sees none of these jobs; their refusal doesn't mean that the key is bad.
    const bool other_key = batch.credential != account->credential;
    if (fault->kind == Fault::Kind::account && other_key) co_return engine_.config.polling.max;
    if (fault->kind != Fault::Kind::missing) co_return pause_after(*fault, *account, progress);
    const core::BatchPatch patch{.message = fault->message};
    const auto moved = co_await engine_.mark(batch, BatchState::lost, patch);
    co_return pause_unless(moved.has_value());
  }
  account_works(*account);
  progress.tries = 0;
  const auto& job = std::get<core::JobView>(answer);
  const auto turnaround = co_await engine_.store.read(&core::Store::lane_turnaround, batch.lane_id);
  const core::PollSchedule schedule{engine_.config.polling.first, engine_.config.polling.max};
  const auto running = engine_.clock.wall() - batch.submitted_at.value_or(batch.state_since);
  const auto pause =
      core::poll_pause(schedule, progress.phase++, running, turnaround ? *turnaround : std::nullopt, random_jitter());
  if (!job.end) co_return pause;

  const auto failed_for = *job.end == core::JobEnd::failed ? job.failed_for : core::FailedFor::refused;
  const bool names_lines = failed_for == core::FailedFor::lines && !job.refused.empty() && !batch.fence_begun;
  // The job's end can be visible before the names of its results, so look again for a while before believing that there
  // are none. A job that didn't succeed seldom has any, but what is in them was paid for.
  if (job.results.empty()) {
    if (!progress.since) progress.since = now();
    const auto grace = *job.end == core::JobEnd::succeeded
                           ? engine_.config.polling.output_grace
                           : std::min(engine_.config.polling.output_grace, schedule.first * 3);
    if (now() - *progress.since < grace) co_return std::min(pause, schedule.first * 3);
  }
  const core::BatchPatch patch{.message = job.error ? core::without_quotes(job.error->message) : "",
                               .results = job.results,
                               .error = job.error,
                               .failed_for = failed_for,
                               .ended_at = engine_.clock.wall(),
                               .end = *job.end};
  if (names_lines && job.results.empty()) co_return co_await refuse_lines(std::move(batch), job, patch);
  const auto moved = co_await engine_.mark(batch, BatchState::ended, patch);
  co_return pause_unless(moved.has_value());
}

// In one transaction, like a refusal of the create call: a crash can't forget which lines they were.
Task<core::Duration> PollStage::refuse_lines(core::Batch batch, const core::JobView& job, const core::BatchPatch& end) {
  auto refused = [&, wall = engine_.clock.wall()](core::Store& store) -> core::Result<core::Recorded> {
    const auto ended = store.mark(batch.id, BatchState::submitted, BatchState::ended, end, wall);
    if (!ended) return ended.error();
    const auto collecting = store.mark(batch.id, BatchState::ended, BatchState::collecting, {}, wall);
    if (!collecting) return collecting.error();
    const core::BatchPatch lines{.refusal = core::RefusedFor::lines};
    const auto moved = store.mark(batch.id, BatchState::collecting, BatchState::refused, lines, wall);
    if (!moved) return moved.error();
    return take_named_lines(store, batch.id, job.refused, wall);
  };
  auto recorded = co_await engine_.store.together(storage::VerbClass::state, refused);
  const int status = job.error ? job.error->http_status : 0;
  co_return engine_.refused(batch, recorded, status) ? core::Duration::zero() : pause_unless(false);
}

Task<core::Duration> PollStage::cancel(core::Batch batch, Account& account, Progress& progress) {
  auto dialogue = account.provider->cancel(batch.job);
  const auto answer = co_await converse(*account.link, *dialogue);
  if (const auto* fault = std::get_if<Fault>(&answer)) {
    const bool may_pass = fault->kind == Fault::Kind::not_sent || fault->kind == Fault::Kind::unclear ||
                          fault->kind == Fault::Kind::transient || fault->kind == Fault::Kind::throttled ||
                          fault->kind == Fault::Kind::account;
    if (may_pass) co_return pause_after(*fault, account, progress);
    log_event(LogLevel::warn, "job_not_cancelled",
              {{"batch", batch.id}, {"status", fault->status}, {"message", fault->message}});
  } else {
    account_works(account);
    log_event(LogLevel::info, "job_cancelled", {{"batch", batch.id}, {"job", batch.job}});
  }
  progress = {};
  const core::BatchPatch patch{.cancel_asked = true};
  const auto noted = co_await engine_.mark(batch, BatchState::submitted, patch);
  co_return noted ? engine_.config.polling.first : pause_unless(false);
}

}  // namespace batchd::daemon
