// The durable state of batchd, as domain verbs in pipeline order. State changes here and nowhere else.
// The types that verbs take and return are in core/store_types.h. docs/architecture.md explains the words: lane,
// lineage, group, orphan and others under "Words", fences under "Spending once".
//
// Contract for every verb:
// - Thread: it is synchronous and called on the store's own thread only (storage/store_thread.h).
// - Transaction: it runs inside a transaction, which it may share with other verbs (group commit), and takes effect
//   completely or not at all. Its result may be acted upon only after the commit, when StoreThread delivers it: from
//   that moment on the change is on the disk.
// - Repetition: it may be run a second time, alone, if its transaction was lost (full disk, or another verb of the
//   transaction failed after it had written). In such a replay, verbs that record results run first.
// - Budget: it touches at most kVerbRowsMax rows or about kVerbBytesMax of bodies, so that no listing or purge delays
//   an acknowledgement. A verb that works "a chunk per call" reports what is left (`more`, `next` or a cursor), and the
//   caller calls again until nothing is.
// - States: a state change names the state it expects and fails with Errc::stale if it finds another one. A change that
//   isn't an arrow of core/state.h is a bug (CHECK).
// - Errors: any verb may fail with Errc::disk_full (try again later) or Errc::store_failed (the process must stop).
//   Other errors are listed at the verb.
// - `now` is the current wall time. An id of 0 means "none". Listings are bounded by `limit`, which is 1 to 500.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store_types.h"

namespace batchd::core {

class Store {
 public:
  virtual ~Store() = default;

  // --- after opening
  // Settles what a crash left half-way. After opening it must be called until it returns false, before any other verb.
  // Batches in sealing, except child batches, become sealed or unsealed; batches in creating without `throttled` become
  // unclear; attached calls become orphans; spooled bodies are dropped.
  virtual Result<bool> recover(WallTime now) = 0;
  // Returns the identity that was made with the database. Never fails.
  virtual Installation installation() = 0;

  // --- intake
  // Sets the limits of intake. They are not durable: they must be set after each opening.
  virtual Result<void> limit_queue(const QueueLimits& limits) = 0;
  // Returns the owner that a bearer token's name stands for; creates the owner if the name is new.
  virtual Result<OwnerId> owner_named(const std::string& name) = 0;
  // A body too large for one piece is spooled: begin, append chunks of exactly kChunkBytesMax (only the last may be
  // shorter), and then have it adopted by accept(), accept_lines() or record_outcomes(), or discard it. The bytes of a
  // request's spooled body count in the queue and in its owner's share at once; a result's spooled body has no owner.
  // Errc::queue_full: a request's body, over a queue limit. Errc::too_large: over kResultLineBytesMax.
  // Errc::not_found: no such spooled body.
  virtual Result<BodyId> spool_begin(SpoolPurpose purpose, OwnerId owner) = 0;
  virtual Result<void> spool_append(BodyId spooled, std::string_view chunk) = 0;
  virtual Result<void> spool_discard(BodyId spooled) = 0;
  // Accepts a request, or returns the earlier one with the same idempotency key and fingerprint. Errc::conflict: the
  // key is known with another fingerprint. Errc::queue_full: over a queue limit, or too many lanes (altogether, or
  // first named by this owner). Errc::not_found: no such spooled body.
  virtual Result<Accepted> accept(const NewRequest& request, WallTime now) = 0;
  // Returns what was accepted with this key before; nullopt if the key is new. Errc::conflict: the key is known with
  // another fingerprint.
  virtual Result<std::optional<Accepted>> find_accepted(OwnerId owner, const std::string& key,
                                                        const std::string& fingerprint) = 0;
  // Accepts lines of a group, at most kGroupLinesMax, in ascending order of their numbers; creates the group if it is
  // new. Returns one answer per line, in the same order. Spooled bodies of lines that are not accepted stay the
  // caller's. Fails as accept() does; no line is accepted then. A line that is known is an answer, not a conflict.
  virtual Result<std::vector<LineAccepted>> accept_lines(OwnerId owner, const std::string& group,
                                                         std::span<const GroupLine> lines, WallTime now) = 0;

  // --- attached calls: open calls of vendor SDKs, whose callers know no request id
  // A request accepted with NewRequest::call has an attached call until the caller has the answer. If the caller goes
  // away before, or the process ends, the call becomes an orphan; if the request is cancelled, the call is forgotten.
  // The request is in no channel: it is found and acknowledged by its id only. So is a request with `keyed_call`.
  // For a request that was accepted without `call` these verbs do nothing.

  // Attaches an orphan to a caller who makes the same call again.
  // - Takes the owner's oldest orphan whose NewRequest::call was `call`, except orphans whose answer was written before
  //   `answered_since`.
  // - The call is no orphan from now on, and its answer counts as not written.
  // - Returns the request of the call; nullopt if there is no such orphan.
  virtual Result<std::optional<RequestId>> adopt_orphan(OwnerId owner, const std::string& call,
                                                        WallTime answered_since) = 0;
  // The caller has gone away without the answer: the call becomes an orphan.
  virtual Result<void> orphan_call(RequestId request) = 0;
  // The answer was written, and it isn't known yet whether it arrived. orphan_call() or complete_call() settles that;
  // if neither does, purge() completes the call (PurgeRules::answered_before).
  virtual Result<void> note_answer(RequestId request, WallTime now) = 0;
  // The caller has the answer and will not come back for it: the call is over, and its request, which has ended, is
  // acknowledged.
  virtual Result<void> complete_call(RequestId request, WallTime now) = 0;
  // The request's result is stored but can't be read: the call is forgotten, so that no caller is given this result any
  // more. The request stays as it is.
  virtual Result<void> abandon_call(RequestId request) = 0;

  // --- cancelling and expiring. A packed request ends at once; a line that comes for it later is counted and dropped.

  // Cancels one request. Errc::not_found: unknown, or another owner's. Errc::conflict: it has already ended.
  virtual Result<Cancelled> cancel(OwnerId owner, RequestId request, WallTime now) = 0;
  // Cancels the unfinished requests of a group with ids above `after`, oldest first, a chunk per call. Errc::not_found:
  // the owner has no such group.
  virtual Result<GroupCancelled> cancel_group(OwnerId owner, const std::string& group, RequestId after,
                                              WallTime now) = 0;
  // Ends as expired the requests with fail_at_deadline whose deadline isn't after `now`, a chunk per call.
  virtual Result<Expired> expire_due(WallTime now) = 0;

  // --- packing
  // Returns the lanes that have queued requests, and each owner's queue in them; a lane's suspicious queue by itself,
  // with an id of its own.
  virtual Result<std::vector<LaneQueue>> summarise_queue() = 0;
  // Returns what the account has outstanding at the provider, where files vanish after `file_lifetime` (zero: no files
  // are stored there), and where a line has `frame_bytes` more than its request.
  virtual Result<BudgetUse> budget_use(const std::string& account, WallTime now, Duration file_lifetime,
                                       std::int64_t frame_bytes) = 0;
  // Makes a batch in state sealing without members; of a suspicious queue, by its id, one that is suspicious.
  // Errc::not_found: the lane isn't kept any more.
  virtual Result<BatchId> open_batch(LaneId lane, SealReason reason, WallTime now) = 0;
  // Moves the owner's oldest queued requests into a batch in state sealing, while they fit the limit; the first member
  // of an empty batch always fits. With `urgent_before`, takes only requests with a deadline before it, the nearest
  // deadline first.
  virtual Result<Claimed> claim(BatchId batch, OwnerId owner, const ClaimLimit& limit,
                                std::optional<WallTime> urgent_before, WallTime now) = 0;
  // Moves a batch from sealing to sealed; to unsealed if none of its members is packed.
  virtual Result<Batch> seal(BatchId batch, WallTime now) = 0;

  // --- batches
  // Returns batches in one of `states` with ids above `after`, in ascending order.
  virtual Result<std::vector<Batch>> list_batches(std::span<const BatchState> states, BatchId after, int limit) = 0;
  virtual Result<Batch> get_batch(BatchId batch) = 0;  // Errc::not_found
  // Moves a batch from one state to another and applies the patch; returns the batch as it is then. `from` -> `to` must
  // be an arrow, or `to` the same state (then the patch is applied and state_since stays). A move to creating counts a
  // create on the batch's part of the lineage; a move from creating or refused back to uploaded or uploading takes it
  // off again, if it was counted. A move from refused back forgets the refusal and its words, unless the patch sets
  // them. Errc::stale: the batch isn't in `from`. Errc::not_found.
  virtual Result<Batch> mark(BatchId batch, BatchState from, BatchState to, const BatchPatch& patch, WallTime now) = 0;
  // Records facts that don't depend on the state (file_deleted), also of a batch that is done. Errc::not_found.
  virtual Result<void> note(BatchId batch, const BatchPatch& patch) = 0;
  // Returns what the provider calls the batch's uploads, the oldest first; uploads of which it never told the name are
  // left out. Empty if there is no such batch.
  virtual Result<std::vector<std::string>> list_inputs(BatchId batch) = 0;
  // Returns batches whose input file may still be at the provider although nothing will read it any more (done, and not
  // file_deleted), with ids above `after`, in ascending order.
  virtual Result<std::vector<Batch>> list_stale_files(BatchId after, int limit) = 0;
  // Returns the median time from submitted to ended of the lane's last 16 jobs; nullopt until three are known.
  virtual Result<std::optional<Duration>> lane_turnaround(LaneId lane) = 0;
  // Returns what the lane has outstanding, and what was learned of its budget. Errc::not_found: no such lane.
  virtual Result<LaneLoad> lane_load(LaneId lane) = 0;
  virtual Result<void> set_lane_budget(LaneId lane, const LaneBudget& budget) = 0;
  // Operators' pauses: while one of the selectors matches a lane, no batch of that lane departs. Pauses survive a
  // restart.
  virtual Result<std::vector<LaneSelector>> list_pauses() = 0;
  // Adds a pause of exactly `lanes`; or ends every pause that lies within `lanes`.
  virtual Result<void> set_pause(const LaneSelector& lanes, bool paused) = 0;

  // --- what is at the provider that shouldn't be
  // Returns the account's batches whose fence was begun and that are now fenced, or done without a job that ended, if
  // they entered that state at `since` or later; at most kVerbRowsMax, newest first within a lane.
  virtual Result<std::vector<Batch>> list_fenced(const std::string& account, WallTime since) = 0;
  // Returns the batch with this tag (not empty); nullopt if none in this database has it.
  virtual Result<std::optional<Batch>> find_by_tag(const std::string& tag) = 0;
  // Returns true if a batch of the account has this job.
  virtual Result<bool> knows_job(const std::string& account, const std::string& job) = 0;
  // Records a strange job; changes nothing if the job is known already.
  virtual Result<void> note_strange_job(const StrangeJob& job) = 0;
  // Returns the strange jobs, accepted ones last; at most kVerbRowsMax.
  virtual Result<std::vector<StrangeJob>> list_strange_jobs() = 0;
  // Marks all strange jobs of the account as accepted.
  virtual Result<void> accept_strange_jobs(const std::string& account) = 0;

  // --- reading the lines of a sealed batch. The members, their sizes and their order never change after sealing (a
  // member that was cancelled meanwhile is still read).

  // Returns the members' bodies from the cursor on, a chunk per call. Start with a default LineCursor.
  // Errc::corrupt: a chunk doesn't match its digest.
  virtual Result<LinePieces> read_lines(BatchId batch, const LineCursor& cursor) = 0;
  // Finds the line that holds byte `offset` of the batch's lines, each of which is a body plus `frame_bytes`.
  // Start with a default LineSeek. Errc::invalid: the lines have fewer bytes than that.
  virtual Result<LineSeek> seek_line(BatchId batch, std::int64_t offset, std::int64_t frame_bytes,
                                     const LineSeek& from) = 0;

  // --- ends: how members leave a batch. Errc::stale: the batch isn't in a state that the verb is for. All are
  // idempotent: requests that aren't packed in this batch any more are left alone, and what was spooled for them is
  // dropped, so a result file may be collected again from its start.

  // States collecting, refused, fenced and unsealed, like the next two verbs.
  // Records what became of these requests: each succeeds, fails, or is requeued while it has attempts left.
  virtual Result<Recorded> record_outcomes(BatchId batch, std::span<const RequestOutcome> outcomes, int max_attempts,
                                           WallTime now) = 0;
  // Requeues or fails the members that are still packed, a chunk per call. The verdict's fate must be requeue,
  // requeue_free or fail.
  virtual Result<Recorded> settle_absent(BatchId batch, const AbsentVerdict& verdict, int max_attempts,
                                         WallTime now) = 0;
  // Fails all packed members with this error. A chunk per call.
  virtual Result<Recorded> fail_members(BatchId batch, const RequestError& error, WallTime now) = 0;
  // Fails the members on these lines (ascending), each with its own error; the message that a request of a group gets
  // begins with "line N of your group: ". A chunk per call. Lines that no packed member is on are skipped.
  virtual Result<Recorded> fail_lines(BatchId batch, std::span<const LineRefusal> lines, WallTime now) = 0;
  // State unsealed: returns the members to their old place in the queue, a chunk per call. No attempt is counted.
  virtual Result<Recorded> return_members(BatchId batch, WallTime now) = 0;
  // State refused, and all members of one owner: moves the members to the suspicious queue of their lane, a chunk per
  // call; until it is finished the refusal is RefusedFor::bound. No attempt is counted. An owner who has nothing there
  // and nothing on the way from there becomes suspicious with core::first_suspicion(). A request leaves that queue for
  // good when a job of it was made, or when it ends.
  virtual Result<Recorded> suspect_members(BatchId batch, WallTime now) = 0;
  // Returns, and changes, what is known of the owner of a suspicious batch in its lane. Errc::not_found: the batch
  // isn't suspicious, or has no member left.
  virtual Result<Suspicion> suspicion(BatchId batch) = 0;
  virtual Result<void> set_suspicion(BatchId batch, const Suspicion& suspicion) = 0;
  // Begins all suspicions in these lanes anew, as an operator's decision: their `since` is `now`. Returns how many
  // requests wait in the suspicious queues.
  virtual Result<std::int64_t> renew_suspicion(const LaneSelector& lanes, WallTime now) = 0;
  // State refused: records the owners of the members on these lines (1-based, ascending) for SplitRule::named_owners.
  // Returns how many owners that are; lines that no packed member is on count for nobody.
  virtual Result<std::int64_t> name_owners(BatchId batch, std::span<const std::int64_t> lines) = 0;
  // States refused and fenced: moves the members into child batches, a chunk per call; after a restart the next call
  // goes on where the last one stopped. The rule of the first call holds for all, and until it is finished the refusal
  // is one that leads to a split again (RefusedFor::owners). A child of one owner whose parent had several begins a
  // part of its own, with as many creates as the parent's; so does each child of a cut between owners.
  virtual Result<SplitStep> split(BatchId batch, SplitRule rule, WallTime now) = 0;
  // Returns how many distinct owners the batch has. For any state.
  virtual Result<OwnerCounts> count_owners(BatchId batch) = 0;

  // --- delivery
  // Errc::not_found: unknown, or another owner's.
  virtual Result<RequestView> find_request(OwnerId owner, RequestId request) = 0;
  // Returns chunk `index` (from 0) of a body. Errc::corrupt: it doesn't match its digest. Errc::not_found: purged
  // meanwhile.
  virtual Result<std::string> read_chunk(BodyId body, std::int64_t index) = 0;
  // Returns the owner's requests with ids below `before` (from the newest if none), newest first.
  virtual Result<RequestPage> list_requests(OwnerId owner, const RequestFilter& filter, RequestId before,
                                            int limit) = 0;
  // Returns the ended requests of a channel (empty: those without a channel) that aren't acknowledged and whose
  // completion is above `after`, in completion order.
  virtual Result<ResultPage> list_results(OwnerId owner, const std::string& channel, std::int64_t after, int limit) = 0;
  // Returns the last completion number that was given to an end; 0 if none was.
  virtual Result<std::int64_t> last_completion() = 0;
  // Acknowledges everything in the channel up to and including completion `up_to`, a chunk per call.
  virtual Result<Acknowledged> acknowledge(OwnerId owner, const std::string& channel, std::int64_t up_to,
                                           WallTime now) = 0;
  // Acknowledges single requests, at most kVerbRowsMax / 2.
  virtual Result<AcknowledgedIds> acknowledge_ids(OwnerId owner, std::span<const RequestId> requests, WallTime now) = 0;

  // --- housekeeping
  // Removes what the rules no longer keep, a chunk per call.
  virtual Result<Purged> purge(const PurgeRules& rules, WallTime now) = 0;
  // Returns the latest end (state_since) of all batches that purge() has removed; the epoch if it has removed none. A
  // job that was created later belongs to no removed batch.
  virtual Result<WallTime> forgotten_until() = 0;
  virtual Result<Counts> counts() = 0;
  // Returns those numbers of counts() that are kept up to date anyway, so that nothing is read for them.
  virtual Result<Totals> totals() = 0;
  // Returns how many requests the owner has in each state.
  virtual Result<std::array<std::int64_t, kRequestStates>> owner_counts(OwnerId owner) = 0;
  // Returns the owners with the most unfinished requests first; `limit` may be any number above 0.
  virtual Result<std::vector<OwnerUse>> list_owners(int limit) = 0;
  // Returns batches in one of `states` with ids below `before` (from the newest if none), newest first.
  virtual Result<std::vector<Batch>> recent_batches(std::span<const BatchState> states, BatchId before, int limit) = 0;
  // Two passes over everything that is stored, each from `after` = 0, a chunk per call: audit_bodies() checks the
  // digests of bodies, audit_requests() whether rows agree with each other. audit_bodies() also finds bodies that
  // nobody owns, but only if audit_requests() has come to its end before.
  virtual Result<AuditStep> audit_bodies(std::int64_t after) = 0;
  virtual Result<AuditStep> audit_requests(std::int64_t after) = 0;
  // Makes a consistent copy of the database while work goes on: call backup_begin(), then backup_progress() until it
  // says finished (each call lets the copy go on a little), then backup_end(), which also gives up and removes an
  // unfinished copy. `path` must not exist; the file is made with mode 0600 and is the caller's once finished.
  // A failure of the copy removes its file and harms nothing else. Errc::conflict: another backup is under way.
  // Errc::not_found: no backup is under way. Errc::disk_full: no room for the copy. Errc::invalid: any other failure,
  // with the system's words.
  virtual Result<void> backup_begin(const std::string& path) = 0;
  virtual Result<BackupProgress> backup_progress() = 0;
  virtual Result<void> backup_end() = 0;
  // Makes a tiny durable write. Errc::disk_full: also if intake would be refused for want of free space.
  virtual Result<void> probe() = 0;
};

}  // namespace batchd::core
