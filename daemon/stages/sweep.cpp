// sweep: looks for jobs that shouldn't be at the provider, by complete listings of all jobs with our prefix. Nothing
// can be looked for at a provider whose jobs carry no tags.
//   a job of a batch that was fenced off     it can run nothing, since its file is gone; it is cancelled, and logged as
//                                            an error
//   a second job of one batch                something between us and the provider sent the create twice; it is
//                                            cancelled, and logged as an error
//   a job that this database doesn't know    the database is an old one or a copy of another one: going on could pay
//                                            for everything twice. The job is left alone, nothing new is created, and
//                                            an operator decides
#include <algorithm>
#include <utility>

#include "daemon/net/log.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::Fault;

namespace {

constexpr core::Duration kClockSkew = std::chrono::hours(1);   // between the provider's clock and ours
constexpr core::Duration kFencedFor = std::chrono::hours(72);  // no create call is under way for longer

// Returns true if a job with the batch's tag is another one than the batch has, made by the same create call. One that
// was made at another time was made by somebody else: a copy of this database has the same tags.
bool is_double(const core::JobView& job, const core::Batch& batch) {
  return !batch.job.empty() && batch.job != job.name && job.created_at && batch.create_at &&
         *job.created_at >= *batch.create_at - kClockSkew && *job.created_at <= *batch.create_at + kClockSkew;
}

}  // namespace

Task<std::optional<core::SteadyTime>> SweepStage::once() {
  std::optional<core::SteadyTime> next;
  for (const auto& [name, account] : engine_.accounts.all()) {
    if (engine_.stopping) co_return std::nullopt;
    auto& timer = timers_[name];
    const auto now = engine_.clock.steady();
    if (account->paused(now)) {
      next = std::min(next.value_or(account->paused_until), account->paused_until);
      continue;
    }
    if (account->provider->caps().tag == core::Caps::Tag::none) {
      if (!std::exchange(account->surveyed, true)) engine_.wakeups.submit.wake();
      continue;
    }
    if (timer.due <= now) {
      if (!timer.first) timer.first = now;
      const core::Backoff backoff{engine_.config.retry.first, engine_.config.retry.max};
      const bool complete = co_await survey(*account);
      timer.due = now + (complete ? engine_.config.submission.sweep_every : core::backoff_pause(backoff, timer.tries));
      timer.due = std::max(timer.due, timer.not_before);
      timer.tries = complete ? 0 : timer.tries + 1;
      if (!account->surveyed && (complete || now - *timer.first >= engine_.config.submission.quarantine)) {
        if (!complete) log_event(LogLevel::warn, "jobs_not_listed", {{"account", name}});
        account->surveyed = true;
        engine_.wakeups.submit.wake();
      }
    }
    next = std::min(next.value_or(timer.due), timer.due);
  }
  co_return next;
}

// The provider may ask to be left alone for a while.
void SweepStage::put_off(const Account& account, const Fault& fault) {
  if (!fault.retry_after) return;
  timers_[account.name].not_before = engine_.clock.steady() + core::bounded_retry_after(*fault.retry_after);
}

// Makes one listing and acts on it. Returns false if not all of that could be done.
Task<bool> SweepStage::survey(Account& account) {
  auto dialogue = account.provider->survey(engine_.tag_prefix);
  const auto answer = co_await converse(*account.link, *dialogue);
  if (const auto* fault = std::get_if<Fault>(&answer)) {
    if (fault->kind == Fault::Kind::account) pause_account_as_asked(account, *fault, engine_);
    put_off(account, *fault);
    log_event(LogLevel::debug, "survey_failed", {{"account", account.name}, {"message", fault->message}});
    co_return false;
  }
  account_works(account);
  const auto fenced =
      co_await engine_.store.read(&core::Store::list_fenced, account.name, engine_.clock.wall() - kFencedFor);
  if (!fenced) co_return false;
  bool all_done = true;
  for (const auto& job : std::get<core::JobMatches>(answer).jobs) {
    const auto of_this_job = [&](const core::Batch& batch) { return batch.tag == job.tag; };
    const auto batch = std::ranges::find_if(*fenced, of_this_job);
    const bool done =
        batch != fenced->end() ? co_await stop(account, job, *batch, true) : co_await note_if_strange(account, job);
    all_done = all_done && done;
  }
  const auto counted = co_await engine_.count_strange_jobs();
  co_return all_done&& counted.has_value();
}

Task<bool> SweepStage::stop(Account& account, const core::JobView& job, const core::Batch& batch, bool fenced) {
  // It should end as failed or cancelled. A success would mean that its lines were paid for.
  if (job.end && *job.end != core::JobEnd::succeeded) co_return true;
  if (alarmed_.insert(job.name).second) {
    if (fenced) ++account.fenced_jobs_found;
    log_event(LogLevel::error, fenced ? "fenced_job_found" : "double_job_found",
              {{"account", account.name}, {"batch", batch.id}, {"job", job.name}, {"ended", job.end ? "yes" : "no"}});
  }
  if (job.end || stopped_.contains(job.name)) co_return true;
  if (engine_.clock.steady() < timers_[account.name].not_before) co_return false;
  auto dialogue = account.provider->cancel(job.name);
  const auto answer = co_await converse(*account.link, *dialogue);
  if (const auto* fault = std::get_if<Fault>(&answer)) {
    log_event(LogLevel::error, fenced ? "fenced_job_not_cancelled" : "double_job_not_cancelled",
              {{"job", job.name}, {"message", fault->message}});
    put_off(account, *fault);
    co_return false;
  }
  stopped_.insert(job.name);
  co_return true;
}

Task<bool> SweepStage::note_if_strange(Account& account, const core::JobView& job) {
  if (job.end && !job.created_at) co_return true;  // nobody knows how old it is
  // A job that is older than anything kept here was forgotten, and is not strange. A job that has ended counts like one
  // that runs: its work would be done again.
  const auto wall = engine_.clock.wall();
  const auto forgotten = co_await engine_.store.read(&core::Store::forgotten_until);
  if (!forgotten) co_return false;
  const bool old = job.created_at && (*job.created_at <= *forgotten + kClockSkew ||
                                      wall - *job.created_at > engine_.config.retention.results);
  if (old) co_return true;
  const auto batch = co_await engine_.store.read(&core::Store::find_by_tag, job.tag);
  if (!batch) co_return false;
  if (*batch && !is_double(job, **batch)) co_return true;
  if (*batch) co_return co_await stop(account, job, **batch, false);
  const core::StrangeJob strange{.job = job.name, .tag = job.tag, .account = account.name, .seen_at = wall};
  const auto noted = co_await engine_.store.state(&core::Store::note_strange_job, strange);
  if (noted && alarmed_.insert(job.name).second)
    log_event(LogLevel::error, "strange_job", {{"account", account.name}, {"job", job.name}, {"token", job.tag}});
  co_return noted.has_value();
}

}  // namespace batchd::daemon
