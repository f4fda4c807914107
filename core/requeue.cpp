#include "core/requeue.h"

namespace batchd::core {
namespace {

// Returns an error of this class with what the provider said of the job's end; with `fallback` if it said nothing.
RequestError said(const JobOutcome& outcome, ErrorClass kind, std::string_view fallback) {
  auto error = own_error(kind, outcome.error ? outcome.error->message : "");
  if (error.message.empty()) error.message = fallback;
  if (outcome.error) error.body = outcome.error->body;
  error.source = ErrorSource::provider;
  return error;
}

AbsentFate fate_of_failed(const JobOutcome& outcome) {
  if (outcome.we_deleted_its_file) return AbsentFate::requeue_free;
  if (outcome.had_lines) return AbsentFate::requeue;
  switch (outcome.failed_for) {
    case FailedFor::trouble:
    case FailedFor::no_input:
      return AbsentFate::requeue;
    case FailedFor::too_much:  // less at once may fit, but nothing is less than one
      return outcome.alone ? AbsentFate::requeue : AbsentFate::requeue_free;
    case FailedFor::refused:
    case FailedFor::lines:
    case FailedFor::model:
      return AbsentFate::bisect;
  }
  return AbsentFate::hold;
}

}  // namespace

AbsentVerdict judge_absent(const JobOutcome& outcome) {
  switch (outcome.end) {
    case JobEnd::succeeded:
      return {AbsentFate::requeue, true,
              own_error(ErrorClass::internal,
                        "the batch job succeeded, but its result file had no readable line for this request")};
    case JobEnd::expired:
      return {AbsentFate::requeue, false, said(outcome, ErrorClass::expired, "the batch job expired")};
    case JobEnd::cancelled:
      if (outcome.we_cancelled)
        return {AbsentFate::requeue, true, said(outcome, ErrorClass::cancelled, "the batch job was cancelled")};
      return {AbsentFate::fail, true,
              said(outcome, ErrorClass::cancelled, "the batch job was cancelled at the provider")};
    case JobEnd::failed: {
      constexpr std::string_view kNoWord = "the batch job failed without a word from the provider";
      auto cause = outcome.error ? *outcome.error : said(outcome, ErrorClass::internal, kNoWord);
      if (cause.message.empty()) cause.message = kNoWord;
      return {fate_of_failed(outcome), false, std::move(cause)};
    }
  }
  return {AbsentFate::hold, false, {}};
}

RequestState after_attempt(int attempts_used, int max_attempts, bool last_cause_was_expiry) {
  if (attempts_used < max_attempts) return RequestState::queued;
  return last_cause_was_expiry ? RequestState::expired : RequestState::failed;
}

}  // namespace batchd::core
