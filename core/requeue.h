// When is a run known to have ended without a result, and what follows? The table "What goes again" of
// docs/architecture.md, as functions:
// money is spent once because nothing else in batchd sends a request again.
#pragma once

#include <optional>
#include <string>

#include "core/types.h"

namespace batchd::core {

enum class Again : std::uint8_t {
  requeue,  // counts an attempt; goes again while attempts < max_attempts
  no,       // failed, delivered with the words given
};

// A line that carries an error: gRPC 4, 8, 13, 14 are the provider's trouble and go again, everything else is an
// answer.
constexpr Again after_line_error(int grpc_code) {
  return grpc_code == 4 || grpc_code == 8 || grpc_code == 13 || grpc_code == 14 ? Again::requeue : Again::no;
}

// What follows for the members of a finished job that have no readable line.
enum class AbsentFate : std::uint8_t {
  requeue,       // counts an attempt
  requeue_free,  // counts no attempt: we ourselves made the job fail
  fail,          // delivered as failed
  bisect,        // the job was refused as a whole: find the poison (batch goes to refused)
  hold,          // a person must look
};
struct AbsentVerdict {
  AbsentFate fate;
  bool possibly_charged = false;
  RequestError cause;  // what a request is told whose attempts are used up
};
struct JobOutcome {
  JobEnd end;
  int code = 0;            // gRPC code of a FAILED job
  std::string message;     // the provider's words
  bool had_lines = false;  // a result file was there and held at least one line
  bool we_cancelled = false;
  bool we_deleted_its_file = false;
};
AbsentVerdict judge_absent(const JobOutcome& outcome);

// Where a request goes whose attempt has just ended without a result.
RequestState after_attempt(int attempts_used, int max_attempts, bool last_cause_was_expiry);

}  // namespace batchd::core
