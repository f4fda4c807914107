#include "core/requeue.h"

namespace batchd::core {
namespace {

RequestError from_batchd(int code, std::string message) {
  return {code, std::string(grpc_status(code)), std::move(message), ErrorSource::batchd};
}
RequestError from_provider(int code, const std::string& message, std::string_view fallback) {
  return {code, std::string(grpc_status(code)), message.empty() ? std::string(fallback) : message,
          ErrorSource::provider};
}

}  // namespace

AbsentVerdict judge_absent(const JobOutcome& outcome) {
  switch (outcome.end) {
    case JobEnd::succeeded:
      return {AbsentFate::requeue, true,
              from_batchd(13, "the batch job succeeded, but its result file had no readable line for this request")};
    case JobEnd::expired:
      return {AbsentFate::requeue, false, from_provider(4, outcome.message, "the batch job expired")};
    case JobEnd::cancelled:
      if (outcome.we_cancelled)
        return {AbsentFate::requeue, true, from_provider(1, outcome.message, "the batch job was cancelled")};
      return {AbsentFate::fail, true, from_provider(1, outcome.message, "the batch job was cancelled at the provider")};
    case JobEnd::failed: {
      const int code = outcome.code == 0 ? 13 : outcome.code;
      const auto cause = from_provider(code, outcome.message, "the batch job failed without a word from the provider");
      if (outcome.we_deleted_its_file) return {AbsentFate::requeue_free, false, cause};
      if (outcome.had_lines || after_line_error(outcome.code) == Again::requeue)
        return {AbsentFate::requeue, false, cause};
      return {AbsentFate::bisect, false, cause};
    }
  }
  return {AbsentFate::hold, false, {}};
}

RequestState after_attempt(int attempts_used, int max_attempts, bool last_cause_was_expiry) {
  if (attempts_used < max_attempts) return RequestState::queued;
  return last_cause_was_expiry ? RequestState::expired : RequestState::failed;
}

}  // namespace batchd::core
