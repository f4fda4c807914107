#include "emulator/jobs/jobs.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <charconv>

#include "emulator/dialect/errors.h"
#include "emulator/jobs/job_output.h"
#include "emulator/server/turns.h"

namespace batchd::emulator {
namespace {

constexpr double kPendingShare = 0.25;  // of a job's life
constexpr const char* kCancelled = "The operation was cancelled.";
constexpr double kRankSeconds = 0.02;              // how often a job checks whether others have precedence
constexpr double kForeverSeconds = 365.0 * 86400;  // stuck jobs: until cancelled or deleted

std::chrono::nanoseconds to_duration(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

std::int64_t rank(const Job& job) {
  std::int64_t priority = 0;
  std::from_chars(job.priority.data(), job.priority.data() + job.priority.size(), priority);
  return priority;
}

bool has_fault(const Job& job, Do action) { return job.fault && job.fault->action == action; }

// True if the results of the job's lines can ever be fetched.
bool delivers(const Job& job) {
  return !has_fault(job, Do::no_output) && !has_fault(job, Do::empty_output) && !has_fault(job, Do::output_lost);
}

// Returns how many lines a job executes that ends early.
std::int64_t share(const Job& job) {
  return static_cast<std::int64_t>(job.fault->executed * static_cast<double>(job.requests));
}

}  // namespace

bool is_end(JobState state) { return state != JobState::pending && state != JobState::running; }

bool Lag::look() {
  const bool hidden = looks > 0 || std::chrono::system_clock::now() < until;
  if (looks > 0) --looks;
  return hidden;
}

std::string_view job_state_text(JobState state) {
  switch (state) {
    case JobState::pending:
      return "BATCH_STATE_PENDING";
    case JobState::running:
      return "BATCH_STATE_RUNNING";
    case JobState::succeeded:
      return "BATCH_STATE_SUCCEEDED";
    case JobState::failed:
      return "BATCH_STATE_FAILED";
    case JobState::cancelled:
      return "BATCH_STATE_CANCELLED";
    case JobState::expired:
      return "BATCH_STATE_EXPIRED";
  }
  return "";
}

bool Jobs::room_for(std::string_view project, std::string_view model, std::int64_t tokens) const {
  std::size_t live = 0;
  std::int64_t enqueued = tokens;
  for (const auto& [id, job] : jobs_) {
    if (job->project != project || is_end(job->state)) continue;
    ++live;
    if (job->model == model) enqueued += job->tokens;
  }
  return live < limits_.max_jobs && (limits_.max_enqueued_tokens == 0 || enqueued <= limits_.max_enqueued_tokens);
}

std::shared_ptr<Job> Jobs::create(std::unique_ptr<Job> fresh) {
  std::shared_ptr<Job> job = std::move(fresh);
  job->id = random_id(36);
  job->sequence = ++last_sequence_;
  job->created = job->updated = std::chrono::system_clock::now();
  job->timer = std::make_unique<asio::steady_timer>(tasks_.context());
  meet_fault(*job);
  jobs_.emplace(job->id, job);
  tasks_.spawn(run(job));
  return job;
}

void Jobs::meet_fault(Job& job) {
  job.fault = faults_.next(On::job, {.found = &job.found});
  if (!job.fault) return;
  const auto& fault = *job.fault;
  ledger_.fault(On::job, fault, {{"job", job.id}, {"token", job.display_name}});
  const auto until = job.created + std::chrono::milliseconds(fault.milliseconds);
  if (fault.action == Do::list_lag) job.list_lag = {until, fault.lists};
  if (fault.action == Do::get_lag) job.get_lag = {until, fault.polls};
  if (fault.get_too) job.get_lag = {until, 0};
  if (fault.action == Do::lose_input) files_.remove(job.file_id);
}

std::shared_ptr<Job> Jobs::find(std::string_view project, std::string_view id) const {
  const auto found = jobs_.find(id);
  if (found == jobs_.end() || found->second->hidden) return nullptr;
  return found->second->project == project ? found->second : nullptr;
}

bool Jobs::known(std::string_view id) const {
  const auto found = jobs_.find(id);
  return found != jobs_.end() && !found->second->hidden;
}

void Jobs::cancel(Job& job) {
  if (is_end(job.state) || job.executing || has_fault(job, Do::ignore_cancel)) return;
  job.cancel_asked = true;
  job.timer->cancel();
}

void Jobs::remove(Job& job) {
  if (!is_end(job.state) && switches_.is(Switch::delete_running, "goes-on")) {
    job.hidden = true;
    return;
  }
  job.deleted = true;
  job.timer->cancel();
  jobs_.erase(jobs_.find(job.id));
}

std::vector<std::shared_ptr<Job>> Jobs::page(std::string_view project, std::uint64_t before, std::size_t count) const {
  std::vector<std::shared_ptr<Job>> out;
  for (const auto& [id, job] : jobs_) {
    if (job->project != project || job->hidden || (before != 0 && job->sequence >= before)) continue;
    if (!job->list_lag.look()) out.push_back(job);
  }
  std::ranges::sort(out, [](const auto& a, const auto& b) { return a->sequence > b->sequence; });
  if (out.size() > count + 1) out.resize(count + 1);
  return out;
}

Task<void> Jobs::run(std::shared_ptr<Job> job) {
  const auto life = has_fault(*job, Do::slow) ? job->fault->seconds : limits_.job_seconds;
  co_await wait(*job, has_fault(*job, Do::stuck_pending) ? kForeverSeconds : life * kPendingShare);
  co_await wait_for_rank(*job);
  if (job->deleted) co_return;
  if (job->cancel_asked) {
    end(*job, JobState::cancelled, 1, kCancelled);
    co_return;
  }
  const auto input = input_of(*job);
  if (!input) {
    end(*job, JobState::failed, 5,
        "Input file files/" + job->file_id + " was not found: it was deleted or has expired.");
    co_return;
  }
  // From here on the input's bytes are held: deleting the file no longer stops the job.
  job->state = JobState::running;
  job->running_since = job->updated = std::chrono::system_clock::now();
  co_await wait(*job, has_fault(*job, Do::stuck) ? kForeverSeconds : life * (1 - kPendingShare));
  if (!job->deleted) co_await conclude(*job, *input);
}

std::shared_ptr<const Blob> Jobs::input_of(const Job& job) {
  if (job.inlined_input) return job.inlined_input;
  const auto file = files_.find(job.project, job.file_id);
  return file ? file->content : nullptr;
}

Task<void> Jobs::wait_for_rank(Job& job) {
  while (!job.cancel_asked && !job.deleted && outranked(job)) co_await wait(job, kRankSeconds);
}

bool Jobs::outranked(const Job& job) const {
  if (switches_.is(Switch::priority, "ignored")) return false;
  return std::ranges::any_of(jobs_, [&](const auto& entry) {
    const Job& other = *entry.second;
    return other.project == job.project && !is_end(other.state) && rank(other) > rank(job);
  });
}

// All billing happens here, after the job's time; the job can't be cancelled any more.
Task<void> Jobs::conclude(Job& job, const Blob& input) {
  const bool cancelled = job.cancel_asked;
  const bool keeps_part = cancelled && switches_.is(Switch::cancelled_output, "partial");
  const auto finished = finished_so_far(job, limits_.job_seconds);
  job.executing = true;
  if (cancelled) {
    const auto kept = has_fault(job, Do::cancel_partly) ? share(job) : keeps_part ? finished : 0;
    if (kept > 0) co_await execute(job, input, kept, Rest::left);
    end(job, JobState::cancelled, 1, kCancelled);
  } else if (has_fault(job, Do::cancel_itself)) {
    co_await execute(job, input, share(job), Rest::booked);
    end(job, JobState::cancelled, 1, kCancelled);
  } else if (has_fault(job, Do::expire)) {
    co_await execute(job, input, share(job), Rest::booked);
    end(job, JobState::expired, 4, "The batch expired before it could be processed.");
  } else if (has_fault(job, Do::fail)) {
    co_await execute(job, input, share(job), Rest::booked);
    job.failed = job.requests - job.succeeded;
    end(job, JobState::failed, job.fault->silent ? 0 : static_cast<int>(job.fault->code),
        job.fault->message.empty() ? std::string(usual_message(500)) : job.fault->message);
  } else {
    co_await execute(job, input, job.requests, Rest::left);
    end(job, JobState::succeeded);
  }
}

Task<void> Jobs::wait(Job& job, double seconds) {
  if (job.cancel_asked || job.deleted) co_return;
  job.timer->expires_after(to_duration(seconds));
  co_await job.timer->async_wait(asio::as_tuple(asio::use_awaitable));
}

Task<void> Jobs::execute(Job& job, const Blob& input, std::int64_t lines, Rest rest) {
  auto output = std::make_shared<Blob>();
  const auto foreign = foreign_key(job);
  const LineOwner owner{.job = job.id,
                        .model = job.model,
                        .foreign_key = foreign,
                        .inlined = job.inlined_input != nullptr,
                        .undelivered = !delivers(job)};
  Turns turns;
  LineReader reader(input);
  std::int64_t executed = 0;
  for (std::string line; reader.next(line);) {
    if (blank(line)) continue;
    if (executed < lines) {
      ++executed;
      const auto outcome = execution_.run(line, owner);
      ++job.booked[outcome.billed];
      (outcome.success ? job.succeeded : job.failed) += 1;
      for (const auto& result : outcome.lines) append_line(*output, result);
    } else if (rest == Rest::booked) {
      execution_.book_unexecuted(line, owner);
      ++job.booked[Billed::not_billed];
    }
    co_await turns.spend(line.size());
  }
  if (executed > 0 && !job.deleted) co_await publish(job, output);
}

Task<void> Jobs::publish(Job& job, std::shared_ptr<Blob> output) {
  if (has_fault(job, Do::no_output)) co_return;
  if (has_fault(job, Do::empty_output)) output = std::make_shared<Blob>();
  if (has_fault(job, Do::shuffle)) output = shuffled(*output, faults_.random());
  if (has_fault(job, Do::succeed_without_output_polls)) job.polls_to_output = job.fault->polls;
  if (job.inlined_input) {
    job.inlined_output = elements(*output);
    co_return;
  }
  File file;
  file.id = "batch-" + job.id;
  file.project = job.project;
  file.mime_type = "application/jsonl";
  file.generated = true;
  file.sha256_hex = co_await digest(*output);
  file.content = std::move(output);
  const bool as_files = switches_.is(Switch::result_file_seconds, "as-files");
  const auto life = as_files ? std::nullopt : std::optional(switches_.number(Switch::result_file_seconds));
  if (!has_fault(job, Do::output_lost)) files_.add(std::move(file), life);
  job.output_id = "batch-" + job.id;
}

void Jobs::end(Job& job, JobState state, int code, std::string message) {
  if (job.deleted) return;
  job.state = state;
  job.ended = job.updated = std::chrono::system_clock::now();
  job.error_code = code;
  job.error_message = std::move(message);
  ledger_.write("end", {{"job", job.id}, {"state", job_state_text(state)}},
                {{"billed", job.booked[Billed::billed]},
                 {"not_billed", job.booked[Billed::not_billed]},
                 {"withheld", job.booked[Billed::withheld]}});
  if (job.hidden) jobs_.erase(jobs_.find(job.id));
}

std::string Jobs::foreign_key(const Job& job) const {
  const Job* newest = nullptr;
  for (const auto& [id, other] : jobs_) {
    if (id == job.id || other->any_key.empty()) continue;
    if (!newest || other->sequence > newest->sequence) newest = other.get();
  }
  return newest ? newest->any_key : "nobody-else";
}

}  // namespace batchd::emulator
