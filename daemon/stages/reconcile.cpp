// reconcile: a job may or may not exist; listings decide, and until they have, nothing is sent again.
//   creating + throttled  a 429: one complete clean listing proves "not created", and lowers the lane's budget
//   creating              the call is over, but its end couldn't be recorded: unclear
//   unclear               listings at growing pauses; after the quarantine the batch is fenced (fence.cpp) or held
//   lost                  the job's name answers 404: a grace, one listing, then an operator decides
// If the provider's jobs carry no tags, a listing can prove that there is no job, but never which job is the batch's.
#include <algorithm>

#include "core/check.h"
#include "core/limits.h"
#include "daemon/net/log.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::BatchState;
using core::Fault;

namespace {

constexpr core::Duration kClockSkewMax = std::chrono::hours(1);  // between the provider's clock and ours

// Ranks the jobs of one tag: the most advanced one is adopted. Several jobs for one tag mean that something between us
// and the provider sent the create twice.
int advancement(const core::JobView& job) {
  if (job.end) return *job.end == core::JobEnd::succeeded ? 3 : 0;
  return job.running ? 2 : 1;
}

}  // namespace

ReconcileStage::ReconcileStage(Engine& engine)
    : BatchStage(engine, engine.wakeups.reconcile,
                 {BatchState::creating, BatchState::unclear, BatchState::fencing, BatchState::lost},
                 &engine.config.submission.concurrency) {}

// A creating batch belongs to submit as long as its one create call is under way.
bool ReconcileStage::mine(const core::Batch& batch) const {
  return batch.state != BatchState::creating || !engine_.creates_under_way.contains(batch.id);
}

Task<core::Duration> ReconcileStage::advance(core::Batch batch, Progress& progress) {
  auto* account = account_of(batch);
  if (account == nullptr) co_return engine_.config.retry.max;
  if (account->paused(now())) co_return account->paused_until - now();
  if (batch.state == BatchState::creating && !batch.throttled) {
    const auto moved = co_await engine_.mark(batch, BatchState::unclear);
    co_return pause_unless(moved.has_value());
  }
  if (batch.state == BatchState::creating) co_return co_await throttled(std::move(batch), *account, progress);
  if (batch.state == BatchState::unclear) co_return co_await unclear(std::move(batch), *account, progress);
  if (batch.state == BatchState::fencing) co_return co_await fence(std::move(batch), *account, progress);
  CHECK(batch.state == BatchState::lost);
  co_return co_await lost(std::move(batch), *account, progress);
}

Task<ReconcileStage::Trust> ReconcileStage::trust_key(core::Batch& batch, Account& account, Progress& progress,
                                                      core::Duration& pause) {
  if (batch.credential == account.credential) co_return Trust::same_project;
  if (batch.input_file.empty()) co_return Trust::other_project;
  auto dialogue = account.provider->check_file(batch.input_file);
  const auto answer = co_await converse(*account.link, *dialogue);
  if (const auto* fault = std::get_if<Fault>(&answer)) {
    pause = pause_after(*fault, account, progress);
    co_return Trust::unknown;
  }
  if (!std::get<core::Presence>(answer).present) co_return Trust::other_project;
  const core::BatchPatch patch{.credential = account.credential};
  auto known = co_await engine_.mark(batch, batch.state, patch);
  if (!known) {
    pause = pause_unless(false);
    co_return Trust::unknown;
  }
  batch = std::move(*known);
  co_return Trust::same_project;
}

Task<ReconcileStage::Listing> ReconcileStage::list_and_adopt(core::Batch batch, Account& account, Progress& progress,
                                                             core::Duration& pause) {
  core::JobSearch search{.tag = batch.tag, .file = batch.input_file, .items = batch.items, .since = batch.create_at};
  if (search.since) *search.since -= kClockSkewMax;
  auto dialogue = account.provider->find(search);
  auto answer = co_await converse(*account.link, *dialogue);
  if (const auto* fault = std::get_if<Fault>(&answer)) {
    pause = pause_after(*fault, account, progress);
    co_return Listing::unknown;
  }
  account_works(account);
  auto& jobs = std::get<core::JobMatches>(answer).jobs;
  if (account.provider->caps().tag == core::Caps::Tag::none)
    co_return co_await look_for_strangers(batch, jobs, progress, pause);
  // A job belongs to one batch, whatever tag a listing shows with it.
  for (auto job = jobs.begin(); job != jobs.end();) {
    const auto known = co_await engine_.store.read(&core::Store::knows_job, batch.lane.account, job->name);
    if (!known) {
      pause = pause_unless(false);
      co_return Listing::unknown;
    }
    job = *known && job->name != batch.job ? jobs.erase(job) : job + 1;
  }
  if (jobs.empty()) co_return Listing::clean;
  co_return co_await adopt(std::move(batch), account, jobs, pause);
}

Task<ReconcileStage::Listing> ReconcileStage::look_for_strangers(const core::Batch& batch,
                                                                 std::span<const core::JobView> jobs,
                                                                 Progress& progress, core::Duration& pause) {
  progress.scratch.clear();
  for (const auto& job : jobs) {
    const auto known = co_await engine_.store.read(&core::Store::knows_job, batch.lane.account, job.name);
    if (!known) {
      pause = pause_unless(false);
      co_return Listing::unknown;
    }
    if (!*known) progress.scratch += (progress.scratch.empty() ? "" : ", ") + job.name;
  }
  co_return progress.scratch.empty() ? Listing::clean : Listing::doubtful;
}

Task<ReconcileStage::Listing> ReconcileStage::adopt(core::Batch batch, Account& account,
                                                    std::span<const core::JobView> jobs, core::Duration& pause) {
  const auto best = std::ranges::max_element(jobs, {}, advancement);
  for (const auto& job : jobs) {
    if (job.name == best->name) continue;
    log_event(LogLevel::error, "double_job", {{"batch", batch.id}, {"adopted", best->name}, {"cancelled", job.name}});
    auto cancel = account.provider->cancel(job.name);
    const auto cancelled = co_await converse(*account.link, *cancel);
    if (const auto* fault = std::get_if<Fault>(&cancelled))
      log_event(LogLevel::error, "double_job_not_cancelled", {{"job", job.name}, {"message", fault->message}});
  }
  log_event(LogLevel::info, "job_adopted", {{"batch", batch.id}, {"job", best->name}});
  const core::BatchPatch patch{
      .job = best->name, .submitted_at = batch.create_at.value_or(engine_.clock.wall()), .throttled = false};
  const auto moved = co_await engine_.mark(batch, BatchState::submitted, patch);
  pause = pause_unless(moved.has_value());
  co_return Listing::adopted;
}

Task<core::Duration> ReconcileStage::hold(core::Batch batch, std::string why) {
  const core::BatchPatch patch{.message = std::move(why)};
  const auto held = co_await engine_.mark(batch, BatchState::held, patch);
  co_return pause_unless(held.has_value());
}

Task<core::Duration> ReconcileStage::throttled(core::Batch batch, Account& account, Progress& progress) {
  core::Duration pause{};
  // Another project's listing is always clean: it proves nothing about this create.
  const auto trust = co_await trust_key(batch, account, progress, pause);
  if (trust == Trust::unknown) co_return pause;
  if (trust == Trust::other_project) {
    const core::BatchPatch doubt{.throttled = false};
    const auto moved = co_await engine_.mark(batch, BatchState::unclear, doubt);
    co_return pause_unless(moved.has_value());
  }
  const auto listing = co_await list_and_adopt(batch, account, progress, pause);
  if (listing == Listing::doubtful) {  // a later listing may show that they are other batches' jobs
    const auto left = engine_.config.submission.quarantine - (engine_.clock.wall() - batch.state_since);
    const auto schedule = engine_.config.submission.reconcile();
    if (left > core::Duration::zero())
      co_return std::min<core::Duration>(core::reconcile_pause(schedule, ++progress.phase), left);
    const core::BatchPatch doubt{.throttled = false};
    const auto moved = co_await engine_.mark(batch, BatchState::unclear, doubt);
    co_return pause_unless(moved.has_value());
  }
  if (listing != Listing::clean) co_return pause;
  const auto too_much = co_await learn_from_throttle(engine_, batch);
  if (!too_much) co_return pause_unless(false);
  const auto ours =
      engine_.clock.wall() + core::backoff_pause(engine_.config.submission.throttle(), batch.throttles - 1);
  // `not_before` is what the provider asked for, if it did.
  const core::BatchPatch patch{.not_before = std::max(ours, batch.not_before.value_or(ours)), .throttled = false};
  const auto back = co_await engine_.mark(batch, BatchState::uploaded, patch);
  if (back && *too_much) {  // waiting wouldn't help: the members go again in smaller batches
    const auto unsealed = co_await engine_.mark(*back, BatchState::unsealed);
    co_return pause_unless(unsealed.has_value());
  }
  co_return pause_unless(back.has_value());
}

Task<core::Duration> ReconcileStage::unclear(core::Batch batch, Account& account, Progress& progress) {
  core::Duration pause{};
  switch (co_await trust_key(batch, account, progress, pause)) {
    case Trust::unknown:
      co_return pause;
    case Trust::other_project: {
      const std::string why = "the API key was changed while it was unclear whether a job exists";
      const bool has_file = !batch.input_file.empty();
      co_return co_await hold(std::move(batch),
                              why + (has_file ? ", and the new key can't see the batch's input file" : ""));
    }
    case Trust::same_project:
      break;
  }
  const auto listing = co_await list_and_adopt(batch, account, progress, pause);
  if (listing == Listing::adopted || listing == Listing::unknown) co_return pause;

  const auto unclear_for = engine_.clock.wall() - batch.state_since;
  const auto left = engine_.config.submission.quarantine - unclear_for;
  if (left > core::Duration::zero()) {
    const auto schedule = engine_.config.submission.reconcile();
    co_return std::min<core::Duration>(core::reconcile_pause(schedule, ++progress.phase), left);
  }
  if (listing == Listing::doubtful) {
    co_return co_await hold(std::move(batch),
                            "it can't be known whether one of these jobs is its own, since the "
                            "provider's jobs carry no tags: " +
                                progress.scratch);
  }
  if (!core::can_be_fenced(account.provider->caps()))
    co_return co_await hold(std::move(batch), "no job was found, but a late one can't be excluded at this provider");
  if (engine_.config.submission.on_ambiguous != config::OnAmbiguous::fence) {
    co_return co_await hold(std::move(batch),
                            "no job was found, but a late one can't be excluded (on_ambiguous = \"hold\")");
  }
  if (batch.fences >= core::kFencesPerLineageMax) {
    co_return co_await hold(std::move(batch), "the create call stayed unanswered in " +
                                                  std::to_string(batch.fences + 1) + " batches of this lineage");
  }
  const core::BatchPatch patch{.fence_begun = true};
  const auto moved = co_await engine_.mark(batch, BatchState::fencing, patch);
  co_return pause_unless(moved.has_value());
}

Task<core::Duration> ReconcileStage::lost(core::Batch batch, Account& account, Progress& progress) {
  auto dialogue = account.provider->poll(batch.job);
  const auto answer = co_await converse(*account.link, *dialogue);
  if (std::holds_alternative<core::JobView>(answer)) {
    const auto moved = co_await engine_.mark(batch, BatchState::submitted);
    co_return pause_unless(moved.has_value());
  }
  const auto& fault = std::get<Fault>(answer);
  if (fault.kind != Fault::Kind::missing) co_return pause_after(fault, account, progress);
  const auto left = engine_.config.polling.lost_grace - (engine_.clock.wall() - batch.state_since);
  if (left > core::Duration::zero()) {
    const auto ours = std::min<core::Duration>(core::backoff_pause(retry_backoff(), progress.tries++), left);
    co_return core::pause_as_asked(ours, fault.retry_after);
  }

  core::Duration pause{};
  // With the key of another project the job is out of sight, not lost: the old key would see it again.
  const auto trust = co_await trust_key(batch, account, progress, pause);
  if (trust == Trust::unknown) co_return pause;
  if (trust == Trust::other_project && batch.input_file.empty())
    co_return co_await hold(std::move(batch), "the API key was changed, and the new key doesn't see its job");
  if (trust == Trust::other_project) co_return engine_.config.polling.max;
  const auto listing = co_await list_and_adopt(batch, account, progress, pause);
  if (listing == Listing::adopted || listing == Listing::unknown) co_return pause;
  auto why = "the provider no longer knows its job " + batch.job + "; whether it ran is unknown";
  co_return co_await hold(std::move(batch), std::move(why));
}

}  // namespace batchd::daemon
