// What happens to a job between its creation and its end.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <charconv>

#include "emulator/dialect/errors.h"
#include "emulator/jobs/job_output.h"
#include "emulator/jobs/jobs.h"
#include "emulator/server/turns.h"

namespace batchd::emulator {
namespace {

constexpr double kPendingShare = 0.25;  // of a job's life
constexpr const char* kCancelled = "The operation was cancelled.";
constexpr double kTurnSeconds = 0.05;              // how often a job checks whether others have precedence
constexpr double kForeverSeconds = 365.0 * 86400;  // stuck jobs: until cancelled or deleted
constexpr std::int64_t kInlineRequestsMax = 100;   // of a small job

std::chrono::nanoseconds to_duration(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

std::int64_t rank(const Job& job) {
  std::int64_t priority = 0;
  std::from_chars(job.priority.data(), job.priority.data() + job.priority.size(), priority);
  return priority;
}

// True if the results of the job's lines can ever be fetched.
bool delivers(const Job& job) {
  return !job.meets(Do::no_output) && !job.meets(Do::empty_output) && !job.meets(Do::output_lost);
}

// Returns how many lines a job executes that ends early.
std::int64_t share(const Job& job) {
  return static_cast<std::int64_t>(job.fault->executed * static_cast<double>(job.requests));
}

bool answers_inline(const Job& job, const Switches& switches) {
  if (job.inlined_input || switches.is(Switch::output, "inline")) return true;
  return switches.is(Switch::output, "inline-if-small") && job.requests <= kInlineRequestsMax;
}

}  // namespace

Task<void> Jobs::run(std::shared_ptr<Job> job) {
  const auto life = job->meets(Do::slow) ? job->fault->seconds : limits_.job_seconds;
  co_await wait(*job, job->meets(Do::stuck_pending) ? kForeverSeconds : life * kPendingShare);
  co_await wait_for_turn(*job);
  if (job->deleted) co_return;
  if (job->cancel_asked) {
    end_cancelled(*job);
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
  co_await wait(*job, job->meets(Do::stuck) ? kForeverSeconds : life * (1 - kPendingShare));
  if (!job->deleted) co_await conclude(*job, *input);
}

std::shared_ptr<const Blob> Jobs::input_of(const Job& job) {
  if (job.inlined_input) return job.inlined_input;
  if (job.input) return job.input;
  const auto file = files_.find(job.project, job.file_id);
  return file ? file->content : nullptr;
}

Task<void> Jobs::wait_for_turn(Job& job) {
  while (!job.cancel_asked && !job.deleted && (outranked(job) || crowded_out(job))) co_await wait(job, kTurnSeconds);
}

bool Jobs::crowded_out(const Job& job) const {
  if (switches_.is(Switch::over_jobs, "429")) return false;
  const auto older = std::ranges::count_if(jobs_, [&](const auto& entry) {
    const Job& other = *entry.second;
    return other.sequence < job.sequence && !is_end(other.state) && other.project == job.project;
  });
  return static_cast<std::size_t>(older) >= limits_.max_jobs;
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
  const bool rows_told = switches_.is(Switch::cancelled_code, "13-and-rows");
  const auto finished = finished_so_far(job, limits_.job_seconds);
  job.executing = true;
  if (cancelled) {
    const auto kept = job.meets(Do::cancel_partly) ? share(job) : keeps_part ? finished : 0;
    const bool tells_rest = (keeps_part || job.meets(Do::cancel_partly)) && rows_told;
    if (kept > 0 || tells_rest) co_await execute(job, input, kept, tells_rest ? Rest::answered : Rest::left);
    end_cancelled(job);
  } else if (job.meets(Do::cancel_itself)) {
    co_await execute(job, input, share(job), rows_told ? Rest::answered : Rest::booked);
    end_cancelled(job);
  } else if (job.meets(Do::expire)) {
    co_await execute(job, input, share(job), Rest::booked);
    end(job, JobState::expired, 4, "The batch expired before it could be processed.");
  } else if (job.meets(Do::fail)) {
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
  job.answers_inline = answers_inline(job, switches_);
  const LineOwner owner{.job = job.id,
                        .model = job.model,
                        .foreign_key = foreign,
                        .from_body = job.inlined_input != nullptr,
                        .inlined = job.answers_inline,
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
    } else if (rest == Rest::answered) {
      const auto outcome = execution_.leave_out(line, owner);
      ++job.booked[outcome.billed];
      ++job.failed;
      for (const auto& result : outcome.lines) append_line(*output, result);
    }
    co_await turns.spend(line.size());
  }
  const bool has_results = executed > 0 || rest == Rest::answered;
  if (has_results && !job.deleted) co_await publish(job, output);
}

Task<void> Jobs::publish(Job& job, std::shared_ptr<Blob> output) {
  if (job.meets(Do::no_output)) co_return;
  if (job.meets(Do::empty_output)) output = std::make_shared<Blob>();
  if (job.meets(Do::shuffle)) output = shuffled(*output, faults_.random());
  if (job.meets(Do::swap_answers)) output = exchange_answers(job, *output);
  if (job.meets(Do::succeed_without_output_polls)) job.polls_to_output = job.fault->polls;
  if (job.answers_inline) {
    if (!job.meets(Do::output_lost)) job.inlined_output = elements(*output);
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
  if (!job.meets(Do::output_lost) && !job.hidden && !job.deleted) files_.add(std::move(file), life);
  job.output_id = "batch-" + job.id;
}

// The ledger tells which answers stand under which keys: the results don't.
std::shared_ptr<Blob> Jobs::exchange_answers(const Job& job, const Blob& output) {
  return swapped(output, job.fault->share, faults_.random(), [&](std::string_view key, std::string_view of) {
    ledger_.write("swapped", {{"job", job.id}, {"key", key}, {"answer_of", of}});
  });
}

void Jobs::end_cancelled(Job& job) {
  if (switches_.is(Switch::cancelled_code, "1")) {
    end(job, JobState::cancelled, 1, kCancelled);
  } else {
    end(job, JobState::cancelled, 13, std::string(usual_message(500)));
  }
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
