// The nouns of the domain, as plain data. Times are wall times, sizes bytes, tokens estimates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/state.h"
#include "core/time.h"

namespace batchd::core {

// What a batch is uniform in. Batches never mix lanes.
struct Lane {
  std::string account;   // name of an [accounts.NAME] section
  std::string endpoint;  // "generateContent" or "embedContent"
  std::string model;     // without the "models/" prefix
  auto operator<=>(const Lane&) const = default;
};

// A stored body: chunks of at most kChunkBytesMax, each with a digest that is checked whenever the chunk is read.
struct BodyRef {
  BodyId id;
  std::int64_t bytes = 0;
};

// --- how a request ends ----------------------------------------------------------------------------------------------

enum class ErrorSource : std::uint8_t { provider = 1, batchd = 2 };  // stored

// Why a request has no response. `code` is a gRPC code (google.rpc.Code), `status` its name.
struct RequestError {
  int code = 0;
  std::string status;
  std::string message;
  ErrorSource source = ErrorSource::batchd;
};

std::string_view grpc_status(int code);  // 13 -> "INTERNAL"; "UNKNOWN" for what isn't a gRPC code

// --- a request -------------------------------------------------------------------------------------------------------

struct NewRequest {
  OwnerId owner;
  Lane lane;
  std::string key;              // the caller's own name for it; may be empty, needn't be unique
  std::string idempotency_key;  // empty: none. Unique per owner
  std::string fingerprint;      // SHA-256 of everything that the idempotency key stands for; empty without one
  std::string call;             // SHA-256 of a call whose client waits and knows no id; empty: it can come back by id
  bool keyed_call = false;      // likewise, of a client that comes back by its idempotency key. Both are in no channel
  std::string channel;          // the name under which its result is streamed and acknowledged; empty: none
  std::string labels;           // JSON text of an object of strings, shown with the request; empty: none
  std::optional<WallTime> deadline;  // it leaves early enough to be back by then, if that is known to be possible
  bool fail_at_deadline = false;     // and ends `expired` if it isn't
  std::string body;                  // the provider's request object, one line of JSON; used if `spooled` is none
  BodyId spooled;                    // or a finished stage (Store::spool_append), adopted by accept
  std::int64_t tokens = 0;           // estimate
};

struct Accepted {
  RequestId id;
  WallTime created_at;
  bool replayed = false;  // an earlier request with this idempotency key and fingerprint: nothing was added
};

// One line of a bulk submission. Its group's name and its number identify it for as long as idempotency keys are kept.
struct GroupLine {
  std::int64_t number = 0;  // in the submission, from 1, blank lines counted
  std::string digest;       // SHA-256 of everything that the line stands for
  NewRequest request;       // owner and idempotency_key are not used
};
struct LineAccepted {
  enum class Kind : std::uint8_t {
    accepted,  // now
    known,     // earlier, with this digest: nothing was added
    differs,   // earlier, with another digest: nothing was added
  };
  Kind kind = Kind::accepted;
  RequestId id;  // none: known, and its request is no longer kept
};

// What its owner may see of a request.
struct RequestView {
  RequestId id;
  Lane lane;
  std::string key;
  RequestState state = RequestState::queued;
  BatchId batch;  // the current or last one; none while it has never been packed
  WallTime created_at;
  std::optional<WallTime> finished_at;
  int attempts = 0;                    // accepted jobs that ended without this request's result
  std::string channel, group, labels;  // as submitted; empty: none
  std::optional<WallTime> deadline;
  bool fail_at_deadline = false;
  std::optional<WallTime> acknowledged_at;
  std::int64_t completion = 0;  // finished: its place in the order of all ends, from 1
  BodyRef body;                 // the request object as it goes to the provider
  std::int64_t tokens = 0;      // estimate
  // succeeded: the result line as it came, and where its "response" value stands in it.
  BodyRef result;
  std::int64_t value_offset = 0;
  std::int64_t value_bytes = 0;
  std::optional<RequestError> error;  // every other end
};

// Which requests of its owner a listing shows; what is left out matches everything.
struct RequestFilter {
  std::optional<RequestState> state;
  std::optional<std::string> channel;  // empty text: those without a channel
  std::string model, key, group;
};

// Which lanes an operator means; what is empty matches everything.
struct LaneSelector {
  std::string account, endpoint, model;
  auto operator<=>(const LaneSelector&) const = default;
};
bool matches(const LaneSelector& selector, const Lane& lane);

// A job at the provider that carries our installation's prefix and that this database doesn't know: the database was
// restored from a backup, or another host runs a copy of it.
struct StrangeJob {
  std::string job, tag, account;
  WallTime seen_at;
  bool accepted = false;  // an operator has seen it: it stops nothing any more
};

// --- a batch ---------------------------------------------------------------------------------------------------------

// Why a batch left when it did. Stored and shown.
enum class SealReason : std::uint8_t {
  items = 1,     // as many requests as may go
  bytes = 2,     // as many bytes
  tokens = 3,    // as many estimated tokens
  age = 4,       // its oldest request had waited for max_age
  deadline = 5,  // a request's deadline is near
  flush = 6,     // somebody asked
  lineage = 7,   // made from the members of a refused or fenced batch
};
std::string_view to_text(SealReason reason);

// Why a batch is in state refused, which decides where its members go. Stored.
enum class RefusedFor : std::uint8_t {
  none = 0,
  poison = 1,  // refused as a whole: cut until the poison is alone
  lines = 2,   // the lines at fault were named and have failed: the rest goes again together
  model = 3,   // nothing in it can ever run: all fail with the provider's words
};

// How the provider said that a job ended. Stored.
enum class JobEnd : std::uint8_t { succeeded = 1, failed = 2, cancelled = 3, expired = 4 };
std::string_view to_text(JobEnd end);

// What became of the lines of a batch's job. Accumulated while it is collected.
struct LineCounts {
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;            // ended with an error
  std::int64_t requeued = 0;          // goes again in another batch
  std::int64_t missing = 0;           // had no line, or an unreadable one
  std::int64_t possibly_charged = 0;  // of the requeued and failed: perhaps billed for nothing
  std::int64_t dropped = 0;           // duplicates, and lines of requests that had already ended
  std::int64_t foreign = 0;           // lines whose key isn't of this batch
  std::int64_t unreadable = 0;        // lines without exactly one readable key and value
};

struct Batch {
  BatchId id;
  LaneId lane_id;
  Lane lane;
  BatchState state = BatchState::sealing;
  SealReason reason = SealReason::age;
  std::int64_t items = 0;       // members when it was sealed
  std::int64_t packed = 0;      // of them, still without an end: at 0 nobody waits for its job any more
  std::int64_t body_bytes = 0;  // sum of their request bodies, without the provider's line frame
  std::int64_t tokens = 0;
  BatchId parent;   // none, or the batch whose members these were
  BatchId root;     // first of the lineage; itself when there is no parent
  int fences = 0;   // fenced batches among its ancestors
  int creates = 0;  // create calls of the whole lineage; kept on the root
  WallTime created_at;
  WallTime state_since;

  // Upload. The n-th upload's file name is upload_name(id, upload_n), recorded before the first byte of it.
  int upload_n = 0;
  int mime_index = 0;                   // how many MIME types of the provider's list were refused
  std::string upload_session;           // resumable session, as the provider gave it; empty: none
  std::optional<WallTime> uploaded_at;  // of the present upload_n
  bool file_deleted = false;            // the input file is known to be gone, or can't be deleted

  // Create. Written before the first byte of the create call.
  std::string tag;                     // unguessable, used as the job's displayName for this batch only
  std::string credential;              // fingerprint of the key that the create call used
  std::optional<WallTime> create_at;   // when the intent was committed
  std::optional<WallTime> not_before;  // throttled: no create before this
  bool throttled = false;              // state creating: the answer was a 429, one clean listing proves "not created"
  int throttles = 0;                   // in a row
  RefusedFor refusal = RefusedFor::none;  // state refused, and after it
  bool released = false;                  // an operator let it go from held: what has no result goes again
  bool fence_begun = false;               // our own DELETE of its input file may have made the job fail
  bool cancel_asked = false;              // we have asked the provider to cancel its job

  // The job.
  std::string job;  // the provider's name, "batches/..."
  std::optional<WallTime> submitted_at;
  std::optional<WallTime> ended_at;
  std::optional<JobEnd> end;
  int end_code = 0;         // gRPC code of a job that FAILED, 0 if it gave none
  std::string message;      // the provider's words on the end, the refusal; or ours on why it is held
  std::string result_file;  // "files/...", empty if there is none
  std::int64_t result_bytes = 0;
  LineCounts lines;
};

}  // namespace batchd::core
