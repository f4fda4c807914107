#include "proto/gemini/job.h"

#include <utility>

#include "core/requeue.h"
#include "proto/gemini/names.h"
#include "proto/gemini/status.h"
#include "proto/gemini/verbatim.h"
#include "proto/rfc3339.h"

namespace batchd::proto {
namespace {

constexpr std::size_t kPageTokenBytesMax = 4096;
constexpr int kNoCode = 13;  // the google.rpc.Code of an end without one

std::string_view without_prefix(std::string_view state) {
  for (const std::string_view prefix : {"BATCH_STATE_", "JOB_STATE_"})
    if (state.starts_with(prefix)) return state.substr(prefix.size());
  return state;
}

std::optional<core::JobEnd> end_of(std::string_view state) {
  if (state == "SUCCEEDED") return core::JobEnd::succeeded;
  if (state == "FAILED") return core::JobEnd::failed;
  if (state == "CANCELLED") return core::JobEnd::cancelled;
  if (state == "EXPIRED") return core::JobEnd::expired;
  return std::nullopt;
}

// Returns the end of an operation that is done without a known state: it depends on what the operation carries.
std::optional<core::JobEnd> end_of_done(const JsonValue& operation) {
  if (object_member(&operation, "error") != nullptr) return core::JobEnd::failed;
  if (object_member(&operation, "response") != nullptr) return core::JobEnd::succeeded;
  return std::nullopt;
}

std::string result_file_of(const JsonValue& operation, const JsonValue* batch) {
  // The response of an embedding job has been seen both as the output itself and as the batch around the output.
  const auto* response = object_member(&operation, "response");
  for (const auto* output : {object_member(batch, "output"), response, object_member(response, "output")})
    if (auto file = text_member(output, "responsesFile"); is_file_name(file)) return file;
  return "";
}

const JsonValue* batch_of(const JsonValue& operation) {
  const auto* metadata = object_member(&operation, "metadata");
  return metadata != nullptr ? metadata : &operation;
}

std::string input_file_of(const JsonValue* batch) {
  return text_member(object_member(batch, "inputConfig"), "fileName");
}

// What an operation says of its end.
struct JobWords {
  int code = 0;         // google.rpc.Code; 0 if it gave none
  std::string message;  // bounded
  std::string_view body;
  bool any = false;
};

// Both the operation and the batch in it may carry an error. The operation's counts more.
JobWords words_of(const JsonValue& operation, const JsonValue* batch, std::string_view text) {
  JobWords words;
  const auto take = [&words](const JsonValue& error, std::string_view body) {
    auto status = read_status(error);
    if (status.code != 0) words.code = status.code;
    words.message = std::move(status.message);
    words.body = body;
    words.any = true;
  };
  if (const auto* error = object_member(batch, "error"); error != nullptr && batch != &operation)
    take(*error, member_text(member_text(text, "metadata"), "error"));
  if (const auto* error = object_member(&operation, "error")) take(*error, member_text(text, "error"));
  return words;
}

// A line with such a code would be sent again, so a job that failed with it is the provider's trouble, too.
core::FailedFor failed_for(int code) {
  const bool again = core::after_line_error(error_class(code)) == core::Again::requeue;
  return again ? core::FailedFor::trouble : core::FailedFor::refused;
}

}  // namespace

std::optional<core::JobView> parse_job(const JsonValue& operation, std::string_view text) {
  core::JobView job;
  job.name = text_member(&operation, "name");
  if (!is_job_name(job.name)) return std::nullopt;
  const auto* batch = batch_of(operation);
  job.tag = text_member(batch, "displayName");
  job.input_file = input_file_of(batch);
  if (auto file = result_file_of(operation, batch); !file.empty()) job.results.push_back(std::move(file));
  job.created_at = parse_rfc3339(text_member(batch, "createTime"));
  const auto words = words_of(operation, batch, text);
  if (words.any) job.error = rpc_error(words.code != 0 ? words.code : kNoCode, words.message, words.body);
  job.failed_for = failed_for(words.code);

  const auto shown_state = text_member(batch, "state");
  const auto state = without_prefix(shown_state);
  job.end = end_of(state);
  // An operation that is done has ended even in an unknown state, if it has a result file or an error.
  const bool unnamed = state.empty() || state == "UNSPECIFIED";
  const bool shows = !job.results.empty() || words.code != 0;
  if (!job.end && (unnamed || shows) && true_member(&operation, "done")) job.end = end_of_done(operation);
  job.running = state == "RUNNING";
  return job;
}

std::optional<JobPage> parse_job_page(std::string_view body, const JobFilter& wanted) {
  const auto document = ControlDocument::parse(body);
  if (!document || member(&document->root(), "error") != nullptr) return std::nullopt;
  JobPage page;
  if (const auto* next = member(&document->root(), "nextPageToken")) {
    page.next_page = text_member(&document->root(), "nextPageToken");
    if (!next->IsString() || page.next_page.size() > kPageTokenBytesMax) return std::nullopt;
  }
  // A listing with jobs out of reach, or in an unknown form, can't exclude that a wanted job exists.
  const auto* unreachable = member(&document->root(), "unreachable");
  if (unreachable != nullptr && !(unreachable->IsArray() && unreachable->Empty())) return std::nullopt;
  const auto* operations = member(&document->root(), "operations");
  if (operations == nullptr) {
    for (const auto& other : document->root().GetObject())
      if (other.value.IsArray() && !other.value.Empty()) return std::nullopt;
    return page;
  }
  if (!operations->IsArray()) return std::nullopt;
  for (const auto& operation : operations->GetArray()) {
    if (!operation.IsObject()) return std::nullopt;
    const auto* batch = batch_of(operation);
    if (!wanted(text_member(batch, "displayName"), input_file_of(batch))) continue;
    auto job = parse_job(operation);
    if (!job) return std::nullopt;
    page.jobs.push_back(std::move(*job));
  }
  return page;
}

}  // namespace batchd::proto
