// What the verbs of core/store.h take and return, in their order. Plain data.
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
  std::string id;  // 8 characters of [0-9a-z], made together with the database; every job's tag begins with it
};

// --- intake. Over one of these limits a request is refused.
struct QueueLimits {
  std::int64_t requests = INT64_MAX, bytes = INT64_MAX;              // queued, with what is spooled for requests
  std::int64_t owner_requests = INT64_MAX, owner_bytes = INT64_MAX;  // likewise, of one owner
  std::int64_t free_bytes_min = 0;  // on the file system; with less, intake fails with disk_full. Not for results
};
// What a spooled body is for. The limits above are for requests; results, which were paid for, ignore them.
enum class SpoolPurpose : std::uint8_t { request, result };

// --- packing
struct Claimed {
  std::int64_t items = 0, bytes = 0, tokens = 0;  // taken by this call
  bool more = false;                              // stopped at the verb's budget: call again with the rest of the limit
};

// --- reading a batch's lines
struct LineCursor {
  RequestId after;    // members with larger ids are still to be read
  RequestId current;  // the member of whose body the first `chunk` chunks have been read; or none
  std::int64_t chunk = 0;
};
struct LinePiece {
  RequestId request;
  bool first = false, last = false;  // whether this is the first, the last chunk of the member's body
  std::string bytes;
};
struct LinePieces {
  std::vector<LinePiece> pieces;   // in order of id, about kVerbBytesMax altogether
  std::optional<LineCursor> next;  // nullopt: these were the last
};
struct LineSeek {
  LineCursor cursor;             // before the line that holds the wanted byte
  std::int64_t line_offset = 0;  // where among the bytes of all lines that line begins
  bool found = false;            // false: stopped at the verb's budget; pass this as `from` and call again
};

// --- changes of a batch. Only members that are set are changed. A new upload_n stands for another file and resets
// input_file, uploaded_at, upload_session and file_deleted, unless the patch sets them too. An input_file that isn't
// empty is also kept among the batch's inputs (Store::list_inputs()).
struct BatchPatch {
  std::optional<int> upload_n, upload_variant, throttles;
  std::optional<std::string> input_file, upload_session, tag, credential, job, message;
  std::optional<std::vector<std::string>> results;
  std::optional<RequestError> error;
  std::optional<FailedFor> failed_for;
  std::optional<WallTime> uploaded_at, create_at, not_before, submitted_at, ended_at, unexplained_since;
  std::optional<bool> throttled, file_deleted, fence_begun, released, cancel_asked;
  std::optional<RefusedFor> refusal;
  std::optional<JobEnd> end;
  std::optional<std::int64_t> result_bytes;
  std::optional<LineCounts> lines;  // replaces foreign, unreadable and dropped; the store itself counts the others
};

// --- outcomes
struct RequestOutcome {
  RequestId request;
  bool success = false;
  bool again = false;  // if no success: after_line_error() said requeue
  std::string line;    // the whole line, verbatim; not used if `spooled` is set
  BodyId spooled;      // a complete spooled body that holds the line, to be adopted or dropped; or none
  std::int64_t value_offset = 0, value_bytes = 0;  // if success: the response inside the line
  RequestError error;                              // if no success
};
struct Recorded {
  std::vector<RequestId> finished;                  // have ended now: wake their waiters
  std::vector<OwnerId> owners;                      // owners[i] is the owner of finished[i]: wake the owner's streams
  std::array<std::int64_t, kRequestStates> ends{};  // how many of `finished` ended in each state
  std::int64_t requeued = 0;                        // went back to the queue: wake the packer
  bool more = false;                                // members are left: call again
};

// --- cancelling and expiring
struct Cancelled {
  RequestState was;   // the state before: queued or packed
  Recorded recorded;  // of this one request
  BatchId deserted;   // the batch, if this was its last packed member: nobody waits for it any more; or none
};
struct GroupCancelled {
  Recorded recorded;
  std::int64_t over = 0;          // members that had already ended
  std::vector<BatchId> deserted;  // batches that lost their last packed member
  std::optional<RequestId> next;  // call again with this as `after`; nullopt: these were the last
};
struct Expired {
  Recorded recorded;
  std::vector<BatchId> deserted;  // batches that lost their last packed member
  std::optional<WallTime> next;   // the next such deadline, nullopt if there is none; if it has passed: call again now
};

// Into which children the members of a refused or fenced batch go. Stored.
enum class SplitRule : std::uint8_t {
  whole = 0,         // one child takes all
  halve_owners = 1,  // two children, each with all members of half of the owners
  halve = 2,         // two children, the older half of the members in the first
  named_owners = 3,  // one child for each owner of a named line (Store::name_owners), and one for all others; two for
                     // these, if the batch itself is such a child of others
};
struct OwnerCounts {
  std::int64_t waiting = 0;  // owners of packed members
  std::int64_t all = 0;      // owners of all that were sealed into the batch: also of those that were cancelled since
  std::int64_t named = 0;    // of those that wait: recorded by name_owners()
};
struct SplitStep {
  bool finished = false;  // no member was left: children are sealed (unsealed if empty), the parent is done
};

// --- housekeeping
struct PurgeRules {
  WallTime results_before;       // removes requests that ended before this
  WallTime acknowledged_before;  // removes requests that were acknowledged before this
  // Removes idempotency keys that were accepted before this and whose requests have ended, whether those are kept or
  // not; and groups that got no line since then and of which no request is kept.
  WallTime idempotency_before;
  WallTime answered_before{};  // completes attached calls that were answered before this
};
struct Purged {
  std::int64_t requests = 0;  // removed by this call
  bool more = false;          // call again; false: everything has been looked at once
};

// --- delivery
struct RequestPage {
  std::vector<RequestView> requests;  // newest first
  std::optional<RequestId> next;  // the `before` of the next page, even if this one is empty; nullopt: the last page
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

// --- audit and backup
struct AuditStep {
  std::int64_t checked = 0;           // rows looked at
  std::vector<std::string> findings;  // for people; they hold ids and numbers only
  std::optional<std::int64_t> next;   // call again with this as `after`; nullopt: the pass is over
};
struct BackupProgress {
  bool finished = false;
  std::int64_t pages_left = 0, pages = 0;
};

// --- numbers for people
struct OwnerUse {
  OwnerId owner;
  std::string name;  // of a bearer token's owner; empty for a uid's
  std::array<std::int64_t, kRequestStates> requests{};
};
struct StateCount {
  std::int64_t items = 0;
  // queued: the oldest queued_at; packed: the oldest created_at of a live batch; ended: the oldest end.
  std::optional<WallTime> oldest;
};
// Numbers that are kept up to date anyway: nothing is read for them.
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
  std::array<StateCount, kBatchStates> batches;  // their `oldest` is the oldest state_since
  std::int64_t database_bytes = 0;
  std::int64_t wal_bytes = 0;
  bool balanced() const;  // true if accepted = sum of the requests' states + purged
};

}  // namespace batchd::core
