#include "emulator/jobs/jobs.h"

#include <algorithm>

#include "emulator/dialect/quotas.h"

namespace batchd::emulator {

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
  if (live >= limits_.max_jobs && switches_.is(Switch::over_jobs, "429")) return false;
  const auto enqueued_max = limits_.max_enqueued_tokens.value_or(enqueued_tokens_max(model, limits_.tier));
  return enqueued_max == 0 || enqueued <= enqueued_max;
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
  if (fault.action == Do::lose_input) {
    files_.remove(job.file_id);
    job.input = nullptr;
  }
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
  if (is_end(job.state) || job.executing || job.meets(Do::ignore_cancel)) return;
  job.cancel_asked = true;
  job.timer->cancel();
}

void Jobs::remove(Job& job) {
  files_.remove_result(job.project, job.id);
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

}  // namespace batchd::emulator
