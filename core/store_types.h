// What the verbs of core/store.h take and give, in their order. Plain data.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/budget.h"
#include "core/error.h"
#include "core/packer.h"
#include "core/requeue.h"
#include "core/types.h"

namespace batchd::core {

struct Installation {
  std::string id;  // 8 characters of [0-9a-z], made with the database; prefix of every job's tag
};

// --- intake
struct QueueLimits {
  std::int64_t requests = INT64_MAX, bytes = INT64_MAX;              // queued, and spooled for requests to come
  std::int64_t owner_requests = INT64_MAX, owner_bytes = INT64_MAX;  // of one owner
  std::int64_t free_bytes_min = 0;  // of the file system: below, intake answers disk_full; results ignore it
};
// What a spooled body will become: intake is refused by the limits above, what was paid for never is.
enum class SpoolPurpose : std::uint8_t { request, result };

// --- packing
struct Claimed {
  std::int64_t items = 0, bytes = 0, tokens = 0;  // taken by this call
  bool more = false;  // stopped at the verb's budget: call again with what is left of the limit
};

// --- reading a batch's lines
struct LineCursor {
  RequestId after;    // members with a larger id are still to come
  RequestId current;  // none, or the member of whose body `chunk` chunks have been read
  std::int64_t chunk = 0;
};
struct LinePiece {
  RequestId request;
  bool first = false, last = false;  // of this member's body
  std::string bytes;
};
struct LinePieces {
  std::vector<LinePiece> pieces;   // in id order, about kVerbBytesMax in all
  std::optional<LineCursor> next;  // none: that was the end
};
struct LineSeek {
  LineCursor cursor;             // start of the line that holds the wanted byte
  std::int64_t line_offset = 0;  // where that line starts in the JSONL
  bool found = false;            // false: at the verb's budget; call again with this
};

// --- changes of a batch: only the members that are set change. A new upload_n begins another file: uploaded_at,
// upload_session and file_deleted are reset, unless they are set too.
struct BatchPatch {
  std::optional<int> upload_n, mime_index, throttles, end_code;
  std::optional<std::string> upload_session, tag, credential, job, message, result_file;
  std::optional<WallTime> uploaded_at, create_at, not_before, submitted_at, ended_at;
  std::optional<bool> throttled, file_deleted, fence_begun, released, cancel_asked;
  std::optional<RefusedFor> refusal;
  std::optional<JobEnd> end;
  std::optional<std::int64_t> result_bytes;
  std::optional<LineCounts> lines;  // replaces foreign, unreadable, dropped; the others are kept by the store itself
};

// --- outcomes
struct RequestOutcome {
  RequestId request;
  bool success = false;
  bool again = false;  // not success: after_line_error() said requeue
  std::string line;    // the whole line, verbatim; used if `spooled` is none
  BodyId spooled;
  std::int64_t value_offset = 0, value_bytes = 0;  // success: the response inside the line
  RequestError error;                              // not success
};
struct Recorded {
  std::vector<RequestId> finished;                  // now terminal: wake their waiters
  std::vector<OwnerId> owners;                      // of `finished`, one for one: wake their streams
  std::array<std::int64_t, kRequestStates> ends{};  // how many of `finished` ended in which state
  std::int64_t requeued = 0;                        // back in the queue: wake the packer
  bool more = false;
};

// --- cancelling and expiring
struct Cancelled {
  RequestState was;   // queued or packed
  Recorded recorded;  // the request, if it is one
  BatchId deserted;   // none, or the batch that has no member left who waits: its job may be cancelled
};
struct GroupCancelled {
  Recorded recorded;
  std::int64_t over = 0;          // members that had already ended
  std::vector<BatchId> deserted;  // as above
  std::optional<RequestId> next;  // call again with this as `after`; none: that was all
};
struct Expired {
  Recorded recorded;
  std::vector<BatchId> deserted;  // as above
  std::optional<WallTime> next;   // the next such deadline; none: there is none. In the past: call again at once
};

// Where the members of an ended, refused, fenced or unsealed batch go.
enum class SplitRule : std::uint8_t {
  whole,     // one child takes all (fenced)
  by_owner,  // one child per owner (first cut of a refused batch with several owners)
  halve,     // two children by id order
};
struct SplitStep {
  bool finished = false;  // no member is left: children are sealed, the parent is done
};

// --- housekeeping
struct PurgeRules {
  WallTime results_before;       // terminal requests finished before this go
  WallTime acknowledged_before;  // and those acknowledged before this
  // Idempotency keys accepted before this are forgotten once their requests have ended, whether these are still kept or
  // not; and groups that got no line since, once none of their requests is kept.
  WallTime idempotency_before;
  WallTime answered_before{};  // held calls answered before this count as delivered: they are acknowledged
};
struct Purged {
  std::int64_t requests = 0;
  bool more = false;  // the run goes on with the next call; false: everything was looked at once
};

// --- delivery
struct RequestPage {
  std::vector<RequestView> requests;  // newest first
  std::optional<RequestId> next;      // the rest is older than this; none: that was all. A page may be empty and go on
};
struct ResultPage {
  std::vector<RequestView> results;  // in completion order
  bool more = false;
};
struct Acknowledged {
  std::int64_t requests = 0;  // that weren't acknowledged before
  bool more = false;
};
struct AcknowledgedIds {
  std::int64_t requests = 0;       // that weren't acknowledged before
  std::vector<RequestId> unknown;  // not the owner's, not finished, or no longer kept
};

// --- an audit of what is stored
struct AuditStep {
  std::int64_t checked = 0;           // rows
  std::vector<std::string> findings;  // for people; ids and numbers only
  std::optional<std::int64_t> next;   // call again with this as `after`
};
struct BackupProgress {
  bool finished = false;
  std::int64_t pages_left = 0, pages = 0;
};

// --- numbers for people
struct OwnerUse {
  OwnerId owner;
  std::string name;  // of a token's owner; empty: a uid's
  std::array<std::int64_t, kRequestStates> requests{};
};
struct StateCount {
  std::int64_t items = 0;
  std::optional<WallTime> oldest;  // queued: oldest queued_at; packed: oldest sealing of a live batch; ends: oldest end
};
// What is counted all the time: nothing is read for it.
struct Totals {
  std::int64_t accepted = 0;
  std::int64_t purged = 0;
  std::array<std::int64_t, kRequestStates> requests{};
  std::array<std::int64_t, kBatchStates> batches{};
};
struct Counts {
  std::int64_t accepted = 0;
  std::int64_t purged = 0;
  std::array<StateCount, kRequestStates> requests;
  std::array<StateCount, kBatchStates> batches;  // oldest: state_since
  std::int64_t database_bytes = 0;
  std::int64_t wal_bytes = 0;
  bool balanced() const;  // accepted = sum over the states + purged
};

}  // namespace batchd::core
