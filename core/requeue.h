// When a run is known to have ended without a result, and what follows: the table "What goes again" of
// docs/architecture.md as functions. Money is spent once because nothing else in batchd sends a request again.
#pragma once

#include <optional>
#include <string>

#include "core/types.h"

namespace batchd::core {

enum class Again : std::uint8_t {
  requeue,  // counts an attempt; sent again while attempts < max_attempts
  no,       // failed, delivered with the provider's words
};

// Returns what follows from a line with an error: after the provider's own trouble the request is sent again; an error
// of any other class is an answer.
constexpr Again after_line_error(ErrorClass kind) {
  return kind == ErrorClass::exhausted || kind == ErrorClass::unavailable || kind == ErrorClass::internal ||
                 kind == ErrorClass::expired
             ? Again::requeue
             : Again::no;
}

// What follows for the members of a finished job that have no readable line.
enum class AbsentFate : std::uint8_t {
  requeue,       // counts an attempt
  requeue_free,  // counts no attempt: batchd itself made the job fail, or too much was enqueued at once
  fail,          // delivered as failed
  bisect,        // the job was refused as a whole: the batch goes to refused
  hold,          // an operator must decide
};
struct AbsentVerdict {
  AbsentFate fate;
  bool possibly_charged = false;
  RequestError cause;  // the error of requests that fail, or whose attempts are used up
};
struct JobOutcome {
  JobEnd end;
  FailedFor failed_for = FailedFor::refused;  // if `end` is failed
  std::optional<RequestError> error;          // what the provider said
  bool had_lines = false;                     // there was a result with at least one line
  bool alone = false;                         // the job had a single request
  bool we_cancelled = false;
  bool we_deleted_its_file = false;
};
AbsentVerdict judge_absent(const JobOutcome& outcome);

// Returns the next state of a request whose attempt has just ended without a result.
RequestState after_attempt(int attempts_used, int max_attempts, bool last_cause_was_expiry);

}  // namespace batchd::core
