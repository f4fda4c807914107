// The nouns of the domain, as plain data. Times are wall times, sizes are in bytes, token counts are estimates.
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

// What all requests of a batch have in common. Batches never mix lanes.
struct Lane {
  std::string account;   // name of an [accounts.NAME] section
  std::string endpoint;  // what is asked of the model, in the provider's words: one of Caps::endpoints
  std::string model;     // as Provider::model_name() returns it
  auto operator<=>(const Lane&) const = default;
};

// A stored body: chunks of at most kChunkBytesMax, each with a digest that is checked whenever the chunk is read.
struct BodyRef {
  BodyId id;
  std::int64_t bytes = 0;
};

// --- how a request ends ----------------------------------------------------------------------------------------------

enum class ErrorSource : std::uint8_t { provider = 1, batchd = 2 };  // stored

// What an error is about. batchd decides by the class alone; everything else in an error is for people and for the
// request's caller. Stored.
enum class ErrorClass : std::uint8_t {
  other = 0,        // any other answer of the provider: final
  invalid = 1,      // the request itself is at fault
  not_found = 2,    // something that the request names isn't there: its model, a file
  denied = 3,       // the account may not do this
  exhausted = 4,    // the provider has no room for it now: a quota, a rate, load
  unavailable = 5,  // the provider is out of service for a while
  internal = 6,     // the provider has failed
  expired = 7,      // there was no result in time
  cancelled = 8,    // somebody cancelled it
  data_lost = 9,    // stored bytes are damaged
};

std::string_view to_text(ErrorClass kind);  // the names above, which are part of the API

// Why a request has no response.
struct RequestError {
  ErrorClass kind = ErrorClass::other;
  int code = 0;         // the source's number for it; 0 if it gave none
  std::string status;   // the source's word for it; empty if it gave none
  std::string message;  // at most kProviderMessageBytesMax
  int http_status = 0;  // the HTTP status that came, or comes, with it; 0 if none is known
  std::string body;     // the provider's error as it came; empty if there was none, or if it was longer than
                        // kProviderErrorBytesMax
  ErrorSource source = ErrorSource::batchd;
};

// What the provider said of one line of a batch.
struct LineRefusal {
  std::int64_t line = 0;  // in the batch, from 1
  RequestError error;     // may quote the request, so only the request's owner may see it
};

// Returns an error of batchd's own, with the code and status that docs/api.md lists for its class.
RequestError own_error(ErrorClass kind, std::string message);

// --- a request -------------------------------------------------------------------------------------------------------

struct NewRequest {
  OwnerId owner;
  Lane lane;
  std::string key;              // the caller's own name for the request; may be empty, needn't be unique
  std::string idempotency_key;  // unique per owner; empty if none
  std::string fingerprint;      // SHA-256 of everything that the idempotency key stands for; empty without a key
  // The two kinds of open calls. A request of either kind is in no channel.
  std::string call;         // attached call: SHA-256 of the call, whose caller knows no request id; empty: not attached
  bool keyed_call = false;  // the caller makes the call again with its idempotency key to get the answer
  std::string channel;      // the name under which the result is streamed and acknowledged; empty if none
  std::string labels;       // JSON text of an object of strings, shown with the request; empty if none
  std::optional<WallTime> deadline;  // it leaves early enough to be back by then, if that is known to be possible
  bool fail_at_deadline = false;     // without a result by its deadline the request ends as expired
  std::string body;                  // the provider's request object, one line of JSON; not used if `spooled` is set
  BodyId spooled;                    // a complete spooled body, which accept() adopts (Store::spool_begin); or none
  std::int64_t tokens = 0;           // estimate
};

struct Accepted {
  RequestId id;
  WallTime created_at;
  bool replayed = false;  // this is an earlier request with the same key and fingerprint: nothing was added
};

// One line of a bulk submission. The group's name and the line's number identify it as long as idempotency keys are
// kept.
struct GroupLine {
  std::int64_t number = 0;  // in the submission, from 1, blank lines counted
  std::string digest;       // SHA-256 of everything that the line stands for
  NewRequest request;       // owner and idempotency_key are not used
};
struct LineAccepted {
  enum class Kind : std::uint8_t {
    accepted,  // accepted now
    known,     // accepted earlier with the same digest: nothing was added
    differs,   // accepted earlier with another digest: nothing was added
  };
  Kind kind = Kind::accepted;
  RequestId id;  // none if the line was accepted earlier and its request is no longer kept
};

// What a request's owner may see of it.
struct RequestView {
  RequestId id;
  Lane lane;
  std::string key;
  RequestState state = RequestState::queued;
  BatchId batch;  // the current or last batch; none if the request was never packed
  WallTime created_at;
  std::optional<WallTime> finished_at;
  int attempts = 0;                    // jobs that ended without this request's result
  std::string channel, group, labels;  // as submitted; empty if none
  std::optional<WallTime> deadline;
  bool fail_at_deadline = false;
  std::optional<WallTime> acknowledged_at;
  std::int64_t completion = 0;  // if finished: its place in the order of all ends, from 1
  BodyRef body;                 // the request object as it goes to the provider
  std::int64_t tokens = 0;      // estimate
  // If succeeded: the result line as it came, and where in it the value of "response" stands.
  BodyRef result;
  std::int64_t value_offset = 0;
  std::int64_t value_bytes = 0;
  std::optional<RequestError> error;  // if it ended in any other way
};

// Which of an owner's requests a listing shows. A member that isn't set, and an empty model, key or group, match
// everything.
struct RequestFilter {
  std::optional<RequestState> state;
  std::optional<std::string> channel;  // empty text: requests without a channel
  std::string model, key, group;
};

// Which lanes an operator means; an empty member matches everything.
struct LaneSelector {
  std::string account, endpoint, model;
  auto operator<=>(const LaneSelector&) const = default;
};
bool matches(const LaneSelector& selector, const Lane& lane);

// A job at the provider whose tag has our installation's prefix and is unknown to this database: the database was
// restored from a backup, or another host runs a copy of it.
struct StrangeJob {
  std::string job, tag, account;
  WallTime seen_at;
  bool accepted = false;  // an operator has seen the job: it no longer stops its account
};

// --- a batch ---------------------------------------------------------------------------------------------------------

// Why a batch left when it did. Stored and shown.
enum class SealReason : std::uint8_t {
  items = 1,     // it has as many requests as allowed
  bytes = 2,     // it has as many bytes as allowed
  tokens = 3,    // it has as many estimated tokens as allowed
  age = 4,       // its oldest request had waited for max_age
  deadline = 5,  // a deadline of one of its requests is near
  flush = 6,     // a flush was asked for
  lineage = 7,   // made from the members of a refused or fenced batch
};
std::string_view to_text(SealReason reason);

// Why a batch is in state refused, which decides where its members go. Stored.
enum class RefusedFor : std::uint8_t {
  none = 0,
  poison = 1,       // refused as a whole: the batch is cut until the request at fault (the poison) is alone
  lines = 2,        // the lines at fault were named and have failed: the rest is sent again together
  model = 3,        // no request in it can ever run: all fail with the provider's words
  owners = 4,       // lines of some of its owners were named: these owners' requests go apart from the others'
  unexplained = 5,  // the refusal may be about its input file, its model, what requests name, or the account
  bound = 6,        // not sent, since its owner's part of the lineage has had all its creates
};

// Why a job failed as a whole. Stored.
enum class FailedFor : std::uint8_t {
  refused = 0,   // something in its input, or nobody knows what: the batch is cut until the request at fault is alone
  trouble = 1,   // the provider's own trouble: the requests are sent again
  too_much = 2,  // more was enqueued than the account may have: sent again, later and less at once
  no_input = 3,  // its input file was gone
  lines = 4,     // the provider named the lines at fault: these fail, and the rest is sent again
  model = 5,     // no request in it can ever run
};

// How the provider said that a job ended. Stored.
enum class JobEnd : std::uint8_t { succeeded = 1, failed = 2, cancelled = 3, expired = 4 };
std::string_view to_text(JobEnd end);

// What became of the lines of a batch's job. Accumulated while it is collected.
struct LineCounts {
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;            // ended with an error
  std::int64_t requeued = 0;          // to be sent again in another batch
  std::int64_t missing = 0;           // requests that had no line, or an unreadable one
  std::int64_t possibly_charged = 0;  // of the requeued and failed: may have been billed without a result
  std::int64_t dropped = 0;           // duplicate lines, and lines of requests that had already ended
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
  std::int64_t packed = 0;      // members that have no end yet; at 0 nobody waits for the job any more
  std::int64_t body_bytes = 0;  // sum of the members' bodies, without the provider's line frames
  std::int64_t tokens = 0;
  BatchId parent;  // the batch from which the members came; none: the queue
  BatchId root;    // the first batch of the lineage; the batch itself if it has no parent
  int fences = 0;  // fenced batches among its ancestors
  // The part of the lineage to which this batch's creates are charged: it begins with the first batch that has the
  // requests of these owners apart from others', and is called by that batch's id.
  BatchId part;
  int creates = 0;          // of the part, those of the batches above it included; stored in the row of `part`
  bool suspicious = false;  // from a suspicious queue (Store::suspect_members): of one owner
  WallTime created_at;
  WallTime state_since;

  // Upload. We call the file upload_name(id, upload_n); upload_n is committed before its first byte is sent. What the
  // provider calls the earlier uploads is in Store::list_inputs().
  int upload_n = 0;
  std::string input_file;               // what the provider calls the present upload; empty as long as it isn't known
  int upload_variant = 0;               // which of the provider's Caps::upload_variants is tried
  std::string upload_session;           // resumable session as the provider gave it; empty if none
  std::optional<WallTime> uploaded_at;  // when the present upload had arrived; input in the body: when it was ready
  bool file_deleted = false;            // all input files are known to be gone, or to be undeletable

  // Create. The intent is committed before the first byte of the create call is sent.
  std::string tag;                     // unguessable, for this batch only; the job carries it, if the provider can
  std::string credential;              // fingerprint of the API key that the create call used
  std::optional<WallTime> create_at;   // when the intent was committed
  std::optional<WallTime> not_before;  // no create call before this (after a 429)
  bool throttled = false;  // creating: the answer was a 429; one complete listing without it proves "not created"
  int throttles = 0;       // 429 answers in a row
  RefusedFor refusal = RefusedFor::none;  // set in state refused, and kept after it
  // Since when creates with these requests have been refused without an explanation. Halves inherit it; one that is
  // older than the batch itself says that the requests come from a batch that was cut for this reason.
  std::optional<WallTime> unexplained_since;
  bool released = false;      // an operator released it from held: members without a result are sent again
  bool fence_begun = false;   // our own DELETE of the input file may have made the job fail
  bool cancel_asked = false;  // we have asked the provider to cancel the job

  // The job.
  std::string job;  // the provider's name of it
  std::optional<WallTime> submitted_at;
  std::optional<WallTime> ended_at;
  std::optional<JobEnd> end;
  FailedFor failed_for = FailedFor::refused;  // if `end` is failed
  std::optional<RequestError> error;          // what the provider said when it refused the batch or its job failed
  std::string message;               // for people: the words on the end or the refusal, or why the batch is held
  std::vector<std::string> results;  // what the provider calls the job's results, in the order to read them
  std::int64_t result_bytes = 0;     // of all of them
  LineCounts lines;
};

}  // namespace batchd::core
