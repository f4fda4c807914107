#include "proto/gemini/job.h"

#include <utility>

#include "core/requeue.h"
#include "proto/gemini/line_words.h"
#include "proto/gemini/names.h"
#include "proto/gemini/pages.h"
#include "proto/gemini/status.h"
#include "proto/gemini/verbatim.h"
#include "proto/rfc3339.h"

namespace batchd::proto {
namespace {

constexpr int kNoCode = 13;  // the google.rpc.Code of an end without one
constexpr int kInvalidArgumentCode = 3;
constexpr std::string_view kLinesNamed = "the provider refused the batch for some of its lines";

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

// Calls `look` with each object in which a job's output has been seen, until it returns true. The response of an
// embedding job has been seen both as the output itself and as the batch around the output.
template <class Look>
bool any_output(const JsonValue& operation, const JsonValue* batch, Look look) {
  const auto* response = object_member(&operation, "response");
  for (const auto* output : {object_member(batch, "output"), response, object_member(response, "output")})
    if (output != nullptr && look(*output)) return true;
  return false;
}

// Returns true if there are results in the output itself. Where they have been left out, `true` stands in their place.
bool has_inline_results(const JsonValue& output) {
  return member(&output, kInlineResults) != nullptr || member(&output, "inlinedEmbedContentResponses") != nullptr;
}

std::vector<std::string> results_of(const JsonValue& operation, const JsonValue* batch, const std::string& job) {
  std::vector<std::string> results;
  any_output(operation, batch, [&](const JsonValue& output) {
    auto file = text_member(&output, "responsesFile");
    const bool found = is_file_name(file);
    if (found) results.push_back(std::move(file));
    return found;
  });
  if (results.empty() && any_output(operation, batch, has_inline_results)) results.push_back(job);
  return results;
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
  std::string message;  // not shortened
  std::string_view body;
  bool any = false;
};

// Both the operation and the batch in it may carry an error. The operation's counts more.
JobWords words_of(const JsonValue& operation, const JsonValue* batch, std::string_view text) {
  JobWords words;
  const auto take = [&words](const JsonValue& error, std::string_view body) {
    if (const auto code = read_status(error).code; code != 0) words.code = code;
    words.message = text_member(&error, "message");
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

// Reads the error of a job that has ended. What is said of single lines is for their owners alone; it is read only of
// a job that was refused for them, and has no results.
void read_end(const JobWords& words, core::JobView& job) {
  if (!words.any) return;
  const auto lines = named_lines(words.message);
  const auto told = lines.empty() ? without_places(words.message) : std::string(kLinesNamed);
  job.error =
      rpc_error(words.code != 0 ? words.code : kNoCode, told, told == words.message ? words.body : std::string_view());
  if (job.end != core::JobEnd::failed || words.code != kInvalidArgumentCode || !job.results.empty()) return;
  for (const auto& [line, said] : lines) job.refused.push_back({line, rpc_error(words.code, said, {})});
  if (!job.refused.empty()) job.failed_for = core::FailedFor::lines;
}

}  // namespace

std::optional<core::JobView> parse_job(const JsonValue& operation, std::string_view text) {
  core::JobView job;
  job.name = text_member(&operation, "name");
  if (!is_job_name(job.name)) return std::nullopt;
  const auto* batch = batch_of(operation);
  job.tag = text_member(batch, "displayName");
  job.input_file = input_file_of(batch);
  job.results = results_of(operation, batch, job.name);
  job.created_at = parse_rfc3339(text_member(batch, "createTime"));
  const auto words = words_of(operation, batch, text);
  job.failed_for = failed_for(words.code);

  const auto shown_state = text_member(batch, "state");
  const auto state = without_prefix(shown_state);
  job.end = end_of(state);
  // An operation that is done has ended even in an unknown state, if it has a result file or an error.
  const bool unnamed = state.empty() || state == "UNSPECIFIED";
  const bool shows = !job.results.empty() || words.code != 0;
  if (!job.end && (unnamed || shows) && true_member(&operation, "done")) job.end = end_of_done(operation);
  job.running = state == "RUNNING";
  read_end(words, job);
  return job;
}

std::optional<JobPage> parse_job_page(std::string_view body, const JobFilter& wanted) {
  const auto document = ControlDocument::parse(body);
  if (!document) return std::nullopt;
  JobPage page;
  // A listing with jobs out of reach, or in an unknown form, can't exclude that a wanted job exists.
  auto next = next_page(document->root());
  if (!next) return std::nullopt;
  page.next_page = std::move(*next);
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
