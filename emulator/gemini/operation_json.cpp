#include <algorithm>

#include "emulator/dialect/models.h"
#include "emulator/jobs/jobs.h"
#include "emulator/server/http.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

constexpr std::string_view kTypes = "type.googleapis.com/google.ai.generativelanguage.v1main.";

std::string type_of(const Job& job) {
  return std::string(kTypes) + (work_of(job.model) == Work::embedding ? "EmbedContentBatch" : "GenerateContentBatch");
}

void append_text(json::Writer& w, std::string_view name, std::string_view value) {
  w.key(name);
  w.string(value);
}

// Counts are strings, and a zero is left out.
void append_count(json::Writer& w, std::string_view name, std::int64_t value) {
  if (value > 0) append_text(w, name, std::to_string(value));
}

void append_stats(json::Writer& w, const Job& job, double job_seconds, bool stale) {
  const bool running = job.state == JobState::running;
  const auto succeeded = stale ? 0 : finished_so_far(job, job_seconds);
  const auto failed = running || stale ? 0 : job.failed;
  w.key("batchStats");
  w.begin_object();
  append_count(w, "requestCount", job.requests);
  append_count(w, "successfulRequestCount", succeeded);
  append_count(w, "failedRequestCount", failed);
  append_count(w, "pendingRequestCount", job.requests - succeeded - failed);
  w.end_object();
}

void append_output(json::Writer& w, const Job& job) {
  if (!job.inlined_output) {
    append_text(w, "responsesFile", "files/" + job.output_id);
    return;
  }
  w.key("inlinedResponses");
  w.begin_object();
  w.key("inlinedResponses");
  w.raw("[" + inset_mark() + "]");
  w.end_object();
}

void append_metadata(json::Writer& w, const Job& job, double job_seconds, bool has_output, bool stale) {
  w.begin_object();
  append_text(w, "@type", type_of(job));
  append_text(w, "model", "models/" + job.model);
  append_text(w, "displayName", job.display_name);
  if (!job.inlined_input) {
    w.key("inputConfig");
    w.begin_object();
    append_text(w, "fileName", "files/" + job.file_id);
    w.end_object();
  }
  if (has_output) {
    w.key("output");
    w.begin_object();
    append_output(w, job);
    w.end_object();
  }
  append_text(w, "createTime", timestamp(job.created, 9));
  if (is_end(job.state)) append_text(w, "endTime", timestamp(job.ended, 9));
  append_text(w, "updateTime", timestamp(job.updated, 9));
  append_stats(w, job, job_seconds, stale);
  append_text(w, "state", job_state_text(job.state));
  if (!job.priority.empty()) append_text(w, "priority", job.priority);
  append_text(w, "name", "batches/" + job.id);
  w.end_object();
}

std::string write_operation(const Job& job, double job_seconds, bool output_visible, bool stale) {
  const bool has_output = output_visible && (!job.output_id.empty() || job.inlined_output);
  std::string out;
  json::Writer w(out);
  w.begin_object();
  append_text(w, "name", "batches/" + job.id);
  w.key("metadata");
  append_metadata(w, job, job_seconds, has_output, stale);
  if (is_end(job.state)) {
    w.key("done");
    w.boolean(true);
  }
  if (job.error_code != 0) {
    w.key("error");
    w.begin_object();
    w.key("code");
    w.number(job.error_code);
    append_text(w, "message", job.error_message);
    w.end_object();
  }
  // Results of a failed or cancelled job are only in the metadata: an operation has either an error or a response.
  if (has_output && job.state == JobState::succeeded) {
    w.key("response");
    w.begin_object();
    append_text(w, "@type", type_of(job) + "Output");
    append_output(w, job);
    w.end_object();
  }
  w.end_object();
  return out;
}

}  // namespace

std::int64_t finished_so_far(const Job& job, double job_seconds) {
  if (job.state != JobState::running) return job.succeeded;
  const std::chrono::duration<double> running = std::chrono::system_clock::now() - job.running_since;
  const double share = job_seconds > 0 ? std::clamp(running.count() / job_seconds, 0.0, 0.99) : 0.99;
  return static_cast<std::int64_t>(share * static_cast<double>(job.requests));
}

std::string operation_json(const Job& job, double job_seconds, bool output_visible) {
  return write_operation(job, job_seconds, output_visible, false);
}

std::string listed_operation_json(const Job& job, double job_seconds) {
  // Such a row was seen of the provider: the job has ended, but has the counts of its beginning and no output.
  const bool stale = is_end(job.state) && job.fault && job.fault->action == Do::stale_list;
  return write_operation(job, job_seconds, job.polls_to_output == 0 && !stale && !job.inlined_output, stale);
}

}  // namespace batchd::emulator
