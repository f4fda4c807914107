// The durable state of batchd, as domain verbs in pipeline order. Change a state here, and nowhere else.
// Longer than 300 lines because it is one contract: whoever writes a store reads all of it.
//
// Contract for every verb:
// - Synchronous, called on the store's own thread only, inside the transaction of the commit group it was put in.
//   It happens wholly or not at all. Its result may be acted upon only after the group's commit
//   (StoreThread delivers completions then): from that moment it is on the disk.
// - It touches at most kVerbRowsMax rows or about kVerbBytesMax of bodies; what is left over comes back as a
//   continuation (`more`, or a cursor), so that no listing or purge makes an acknowledgement wait.
// - It may be run a second time, alone, when its group was lost (full disk, or another verb of the group failed after
//   it had written): results come before intake then.
// - A state change names the state it expects and is refused with Errc::stale if another one is found; a change that
//   isn't an arrow of core/state.h is a bug (CHECK).
// - Any verb may fail with Errc::disk_full (try again later) or Errc::store_failed (the process stops). Other errors
//   are listed at the verb.
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

  // --- after opening. Call until it answers false, before anything else: settles what a crash left half-way.
  // sealing (not a child) -> sealed or unsealed; creating without `throttled` -> unclear; unadopted stages dropped.
  virtual Result<bool> recover(WallTime now) = 0;
  virtual Installation installation() = 0;

  // --- intake
  // A body too large for one piece is spooled: begin, append (<= kChunkBytesMax each, every one but the last exactly
  // that), then adopt it by accept() or record_outcomes(), or discard it. What is spooled for a request takes its place
  // in the queue, and in its owner's share, from then on; a result's stage has no owner.
  virtual Result<void> limit_queue(const QueueLimits& limits) = 0;  // not durable: said again after each opening
  // The owner that a token's name stands for, made if it is new.
  virtual Result<OwnerId> owner_named(const std::string& name) = 0;
  virtual Result<BodyId> spool_begin(SpoolPurpose purpose, OwnerId owner) = 0;
  virtual Result<void> spool_append(BodyId spooled, std::string_view chunk) = 0;
  virtual Result<void> spool_discard(BodyId spooled) = 0;
  // Durable acceptance. Errc::conflict: idempotency key known with another fingerprint. Errc::queue_full: too many
  // lanes (altogether, or first named by this owner), or over a queue limit.
  virtual Result<Accepted> accept(const NewRequest& request, WallTime now) = 0;
  // What this key was accepted as before; none: it is new. Errc::conflict: known with another fingerprint.
  virtual Result<std::optional<Accepted>> find_accepted(OwnerId owner, const std::string& key,
                                                        const std::string& fingerprint) = 0;
  // The same for lines of a group (at most kGroupLinesMax), made if it is new: one answer per line, in their order.
  // Stages of lines that aren't accepted stay the caller's. queue_full: none of them was accepted.
  virtual Result<std::vector<LineAccepted>> accept_lines(OwnerId owner, const std::string& group,
                                                         std::span<const GroupLine> lines, WallTime now) = 0;

  // --- callers that wait for an answer and know no id (vendor fronts). A request accepted with `call` is held until
  // its client has its answer; when its client goes away before, or the process does, it is an orphan, unless it was
  // cancelled. It is in no channel: it is found and acknowledged by its id only; so is one with `keyed_call`. The
  // owner's oldest orphan of this call, but for those that were answered before `answered_since`; it is held again from
  // now on. None: there is none.
  virtual Result<std::optional<RequestId>> adopt_orphan(OwnerId owner, const std::string& call,
                                                        WallTime answered_since) = 0;
  virtual Result<void> orphan_call(RequestId request) = 0;  // its client is gone
  // Its answer was written. Whether it has arrived isn't known yet: orphan_call() or complete_call() says it, else
  // purge.
  virtual Result<void> note_answer(RequestId request, WallTime now) = 0;
  // Its client has the answer, and will not come back for it. It is acknowledged thereby.
  virtual Result<void> complete_call(RequestId request, WallTime now) = 0;
  // Its result is there and can't be read: nobody is given it any more, and it stays as it is.
  virtual Result<void> abandon_call(RequestId request) = 0;

  // --- cancelling and expiring. A packed request ends at once; the line that comes for it is counted and dropped.
  // Errc::not_found: not the owner's. Errc::conflict: it has already ended.
  virtual Result<Cancelled> cancel(OwnerId owner, RequestId request, WallTime now) = 0;
  // A chunk per call, oldest first. Errc::not_found: the owner has no such group.
  virtual Result<GroupCancelled> cancel_group(OwnerId owner, const std::string& group, RequestId after,
                                              WallTime now) = 0;
  virtual Result<Expired> expire_due(WallTime now) = 0;  // those with fail_at_deadline whose deadline is not after now

  // --- packing
  virtual Result<std::vector<LaneQueue>> summarise_queue() = 0;
  virtual Result<BudgetUse> budget_use(const std::string& account, WallTime now, Duration file_lifetime) = 0;
  virtual Result<BatchId> open_batch(LaneId lane, SealReason reason, WallTime now) = 0;  // state sealing, no members
  // Takes the owner's oldest queued requests while they fit the limit; the first member of an empty batch always fits.
  // `urgent_before`: only those with a deadline before it, the nearest first.
  virtual Result<Claimed> claim(BatchId batch, OwnerId owner, const ClaimLimit& limit,
                                std::optional<WallTime> urgent_before, WallTime now) = 0;
  virtual Result<Batch> seal(BatchId batch, WallTime now) = 0;  // to sealed; to unsealed if it has no members

  // --- batches
  // Batches in one of `states`, by ascending id from `after`; at most `limit` (<= 500).
  virtual Result<std::vector<Batch>> list_batches(std::span<const BatchState> states, BatchId after, int limit) = 0;
  virtual Result<Batch> get_batch(BatchId batch) = 0;  // Errc::not_found
  // The guarded change: from -> to must be an arrow, or the same state (then facts change, and state_since doesn't).
  // To creating: counts one create on the root; back to uploaded: takes it off again. Errc::stale: not in `from`.
  virtual Result<Batch> mark(BatchId batch, BatchState from, BatchState to, const BatchPatch& patch, WallTime now) = 0;
  // Facts that belong to no state (file_deleted), also of a batch that is done.
  virtual Result<void> note(BatchId batch, const BatchPatch& patch) = 0;
  // Batches whose input file may still be at the provider though nothing will read it any more (done, and not
  // file_deleted), by ascending id from `after`; at most `limit` (<= 500).
  virtual Result<std::vector<Batch>> list_stale_files(BatchId after, int limit) = 0;
  // Median of submitted -> ended over the lane's last 16 jobs; none until three are known.
  virtual Result<std::optional<Duration>> lane_turnaround(LaneId lane) = 0;
  virtual Result<LaneLoad> lane_load(LaneId lane) = 0;
  virtual Result<void> set_lane_budget(LaneId lane, const LaneBudget& budget) = 0;
  // An operator's pause: lanes that match one of the selectors don't depart, also after a restart.
  virtual Result<std::vector<LaneSelector>> list_pauses() = 0;
  virtual Result<void> set_pause(const LaneSelector& lanes, bool paused) = 0;  // off: every pause within `lanes` ends

  // --- what is at the provider that shouldn't be
  // Batches of the account whose create was fenced off, in states fenced or done since `since`.
  virtual Result<std::vector<Batch>> list_fenced(const std::string& account, WallTime since) = 0;
  virtual Result<bool> knows_tag(const std::string& tag) = 0;
  virtual Result<void> note_strange_job(const StrangeJob& job) = 0;  // known already: nothing changes
  virtual Result<std::vector<StrangeJob>> list_strange_jobs() = 0;   // at most kVerbRowsMax; accepted ones too
  virtual Result<void> accept_strange_jobs(const std::string& account) = 0;

  // --- reading the lines of a sealed batch. Members, sizes and order never change after sealing (a member that was
  // cancelled meanwhile is still read). Errc::corrupt: a digest doesn't match.
  virtual Result<LinePieces> read_lines(BatchId batch, const LineCursor& cursor) = 0;
  // Finds the line holding byte `offset` of the JSONL, each line being body + frame_bytes. Start with a default
  // LineSeek.
  virtual Result<LineSeek> seek_line(BatchId batch, std::int64_t offset, std::int64_t frame_bytes,
                                     const LineSeek& from) = 0;

  // --- ends. All in state collecting, refused, fenced or unsealed; all idempotent: members that aren't packed in this
  // batch any more are left alone (their bodies dropped), so a file may be collected again from its start.
  virtual Result<Recorded> record_outcomes(BatchId batch, std::span<const RequestOutcome> outcomes, int max_attempts,
                                           WallTime now) = 0;
  // Members still packed: requeue or fail them by the verdict (fate requeue, requeue_free or fail), a chunk per call.
  virtual Result<Recorded> settle_absent(BatchId batch, const AbsentVerdict& verdict, int max_attempts,
                                         WallTime now) = 0;
  // Members on these 1-based lines (ascending) fail; with no lines, all that are packed. A chunk per call.
  virtual Result<Recorded> fail_members(BatchId batch, std::span<const std::int64_t> lines, const RequestError& error,
                                        WallTime now) = 0;
  // unsealed: back to the queue, to their old place in it, a chunk per call; no attempt is counted.
  virtual Result<Recorded> return_members(BatchId batch, WallTime now) = 0;
  // fenced, refused: into child batches, a chunk per call, continued after a restart where it stopped. The rule of the
  // first call holds for all.
  virtual Result<SplitStep> split(BatchId batch, SplitRule rule, WallTime now) = 0;
  virtual Result<std::int64_t> count_owners(BatchId batch) = 0;  // distinct owners among its packed members

  // --- delivery
  virtual Result<RequestView> find_request(OwnerId owner,
                                           RequestId request) = 0;  // Errc::not_found: or not the owner's
  // Chunk `index` (from 0) of a body. Errc::corrupt; Errc::not_found: purged meanwhile.
  virtual Result<std::string> read_chunk(BodyId body, std::int64_t index) = 0;
  // The owner's requests, newest first, below `before` (none: from the newest); at most `limit` (<= 500).
  virtual Result<RequestPage> list_requests(OwnerId owner, const RequestFilter& filter, RequestId before,
                                            int limit) = 0;
  // What of a channel (empty: of none) has ended and isn't acknowledged, by completion from `after` on; at most
  // `limit` (<= 500).
  virtual Result<ResultPage> list_results(OwnerId owner, const std::string& channel, std::int64_t after, int limit) = 0;
  virtual Result<std::int64_t> last_completion() = 0;  // the last number given to an end
  // Everything of the channel up to and including completion `up_to`, a chunk per call.
  virtual Result<Acknowledged> acknowledge(OwnerId owner, const std::string& channel, std::int64_t up_to,
                                           WallTime now) = 0;
  virtual Result<AcknowledgedIds> acknowledge_ids(OwnerId owner, std::span<const RequestId> requests,
                                                  WallTime now) = 0;  // at most kVerbRowsMax / 2

  // --- housekeeping
  virtual Result<Purged> purge(const PurgeRules& rules, WallTime now) = 0;
  // The latest end (state_since) of any batch that purge has dropped; the epoch: of none. A job that was created after
  // it belongs to no forgotten batch.
  virtual Result<WallTime> forgotten_until() = 0;
  virtual Result<Counts> counts() = 0;
  virtual Result<Totals> totals() = 0;  // of the same, the numbers that cost nothing
  virtual Result<std::array<std::int64_t, kRequestStates>> owner_counts(OwnerId owner) = 0;
  virtual Result<std::vector<OwnerUse>> list_owners(int limit) = 0;  // those with the most unfinished requests first
  // Batches in one of `states`, newest first, below `before` (none: from the newest); at most `limit` (<= 500).
  virtual Result<std::vector<Batch>> recent_batches(std::span<const BatchState> states, BatchId before, int limit) = 0;
  // Two walks over everything that is stored, each from 0: the bodies' digests, and what rows say of each other.
  // Bodies that nobody owns are found by the first if the second was walked to its end before.
  virtual Result<AuditStep> audit_bodies(std::int64_t after) = 0;
  virtual Result<AuditStep> audit_requests(std::int64_t after) = 0;
  // A consistent copy of the database, made beside the work: begin, then ask for its progress until it is finished
  // (each call lets it go on a little), then end. `path` must not exist; it is made with mode 0600 and is the caller's
  // after finishing. Errc::conflict: another backup is under way. Trouble with the copy itself harms nothing else; its
  // file is gone then. Errc::disk_full: no room for it; Errc::invalid: anything else, with the system's words.
  virtual Result<void> backup_begin(const std::string& path) = 0;
  virtual Result<BackupProgress> backup_progress() = 0;
  virtual Result<void> backup_end() = 0;  // also to give it up; removes an unfinished copy
  // A tiny durable write. Errc::disk_full: also when intake would be refused for want of free space.
  virtual Result<void> probe() = 0;
};

}  // namespace batchd::core
