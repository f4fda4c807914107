// The class behind open_sqlite(). Its verbs are in the files of this room by theme, in the order of core/store.h.
// This header is private to storage/sqlite/.
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/check.h"
#include "core/limits.h"
#include "storage/sqlite/backup.h"
#include "storage/sqlite/body_owners.h"
#include "storage/sqlite/counters.h"
#include "storage/sqlite/db.h"
#include "storage/sqlite/lane_table.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store.h"

namespace batchd::storage {

class SqliteStore final : public TransactionalStore {
 public:
  SqliteStore(std::unique_ptr<Db> db, SqliteConfig config);  // throws VerbFailed

  // --- transaction.cpp
  core::Result<void> begin_transaction() override;
  void begin_verb() override;
  TransactionState end_verb(bool keep) override;
  core::Result<void> commit_transaction() override;
  TransactionState transaction_state() const override;
  core::Error last_error() const override { return db_->last_error(); }
  TransactionState tend(bool idle) override;

  // --- recover.cpp, limits.cpp
  core::Result<bool> recover(core::WallTime now) override;
  core::Installation installation() override { return installation_; }
  core::Result<void> probe() override;
  core::Result<void> limit_queue(const core::QueueLimits& limits) override;

  // --- intake.cpp
  core::Result<core::BodyId> spool_begin(core::SpoolPurpose purpose, core::OwnerId owner) override;
  core::Result<void> spool_append(core::BodyId spooled, std::string_view chunk) override;
  core::Result<void> spool_discard(core::BodyId spooled) override;
  core::Result<core::Accepted> accept(const core::NewRequest& request, core::WallTime now) override;
  core::Result<std::optional<core::Accepted>> find_accepted(core::OwnerId owner, const std::string& key,
                                                            const std::string& fingerprint) override;

  // --- groups.cpp
  core::Result<std::vector<core::LineAccepted>> accept_lines(core::OwnerId owner, const std::string& group,
                                                             std::span<const core::GroupLine> lines,
                                                             core::WallTime now) override;
  core::Result<core::GroupCancelled> cancel_group(core::OwnerId owner, const std::string& group, core::RequestId after,
                                                  core::WallTime now) override;

  // --- attached.cpp
  core::Result<std::optional<core::RequestId>> adopt_orphan(core::OwnerId owner, const std::string& call,
                                                            core::WallTime answered_since) override;
  core::Result<void> orphan_call(core::RequestId request) override;
  core::Result<void> note_answer(core::RequestId request, core::WallTime now) override;
  core::Result<void> complete_call(core::RequestId request, core::WallTime now) override;
  core::Result<void> abandon_call(core::RequestId request) override;

  // --- cancel.cpp
  core::Result<core::Cancelled> cancel(core::OwnerId owner, core::RequestId request, core::WallTime now) override;
  core::Result<core::Expired> expire_due(core::WallTime now) override;

  // --- owners.cpp
  core::Result<core::OwnerId> owner_named(const std::string& name) override;
  core::Result<std::array<std::int64_t, core::kRequestStates>> owner_counts(core::OwnerId owner) override;
  core::Result<std::vector<core::OwnerUse>> list_owners(int limit) override;

  // --- packing.cpp
  core::Result<std::vector<core::LaneQueue>> summarise_queue() override;
  core::Result<core::BudgetUse> budget_use(const std::string& account, core::WallTime now, core::Duration file_lifetime,
                                           std::int64_t frame_bytes) override;
  core::Result<core::BatchId> open_batch(core::LaneId lane, core::SealReason reason, core::WallTime now) override;
  core::Result<core::Claimed> claim(core::BatchId batch, core::OwnerId owner, const core::ClaimLimit& limit,
                                    std::optional<core::WallTime> urgent_before, core::WallTime now) override;
  core::Result<core::Batch> seal(core::BatchId batch, core::WallTime now) override;

  // --- batches.cpp
  core::Result<std::vector<core::Batch>> list_batches(std::span<const core::BatchState> states, core::BatchId after,
                                                      int limit) override;
  core::Result<core::Batch> get_batch(core::BatchId batch) override;
  core::Result<core::Batch> mark(core::BatchId batch, core::BatchState from, core::BatchState to,
                                 const core::BatchPatch& patch, core::WallTime now) override;
  core::Result<void> note(core::BatchId batch, const core::BatchPatch& patch) override;
  core::Result<std::vector<std::string>> list_inputs(core::BatchId batch) override;
  core::Result<std::vector<core::Batch>> list_stale_files(core::BatchId after, int limit) override;
  core::Result<std::vector<core::Batch>> recent_batches(std::span<const core::BatchState> states, core::BatchId before,
                                                        int limit) override;

  // --- lanes.cpp
  core::Result<std::optional<core::Duration>> lane_turnaround(core::LaneId lane) override;
  core::Result<core::LaneLoad> lane_load(core::LaneId lane) override;
  core::Result<void> set_lane_budget(core::LaneId lane, const core::LaneBudget& budget) override;
  core::Result<std::vector<core::LaneSelector>> list_pauses() override;
  core::Result<void> set_pause(const core::LaneSelector& lanes, bool paused) override;

  // --- strange.cpp
  core::Result<std::vector<core::Batch>> list_fenced(const std::string& account, core::WallTime since) override;
  core::Result<std::optional<core::Batch>> find_by_tag(const std::string& tag) override;
  core::Result<bool> knows_job(const std::string& account, const std::string& job) override;
  core::Result<void> note_strange_job(const core::StrangeJob& job) override;
  core::Result<std::vector<core::StrangeJob>> list_strange_jobs() override;
  core::Result<void> accept_strange_jobs(const std::string& account) override;

  // --- lines.cpp
  core::Result<core::LinePieces> read_lines(core::BatchId batch, const core::LineCursor& cursor) override;
  core::Result<core::LineSeek> seek_line(core::BatchId batch, std::int64_t offset, std::int64_t frame_bytes,
                                         const core::LineSeek& from) override;

  // --- outcomes.cpp
  core::Result<core::Recorded> record_outcomes(core::BatchId batch, std::span<const core::RequestOutcome> outcomes,
                                               int max_attempts, core::WallTime now) override;

  // --- ends.cpp
  core::Result<core::Recorded> settle_absent(core::BatchId batch, const core::AbsentVerdict& verdict, int max_attempts,
                                             core::WallTime now) override;
  core::Result<core::Recorded> fail_members(core::BatchId batch, const core::RequestError& error,
                                            core::WallTime now) override;
  core::Result<core::Recorded> fail_lines(core::BatchId batch, std::span<const core::LineRefusal> lines,
                                          core::WallTime now) override;
  core::Result<core::Recorded> return_members(core::BatchId batch, core::WallTime now) override;

  // --- suspicion.cpp
  core::Result<core::Recorded> suspect_members(core::BatchId batch, core::WallTime now) override;
  core::Result<core::Suspicion> suspicion(core::BatchId batch) override;
  core::Result<void> set_suspicion(core::BatchId batch, const core::Suspicion& suspicion) override;
  core::Result<std::int64_t> renew_suspicion(const core::LaneSelector& lanes, core::WallTime now) override;

  // --- split.cpp, members.cpp
  core::Result<core::SplitStep> split(core::BatchId batch, core::SplitRule rule, core::WallTime now) override;
  core::Result<std::int64_t> name_owners(core::BatchId batch, std::span<const std::int64_t> lines) override;
  core::Result<core::OwnerCounts> count_owners(core::BatchId batch) override;

  // --- delivery.cpp
  core::Result<core::RequestView> find_request(core::OwnerId owner, core::RequestId request) override;
  core::Result<std::string> read_chunk(core::BodyId body, std::int64_t index) override;
  core::Result<core::RequestPage> list_requests(core::OwnerId owner, const core::RequestFilter& filter,
                                                core::RequestId before, int limit) override;

  // --- results.cpp
  core::Result<core::ResultPage> list_results(core::OwnerId owner, const std::string& channel, std::int64_t after,
                                              int limit) override;
  core::Result<std::int64_t> last_completion() override;
  core::Result<core::Acknowledged> acknowledge(core::OwnerId owner, const std::string& channel, std::int64_t up_to,
                                               core::WallTime now) override;
  core::Result<core::AcknowledgedIds> acknowledge_ids(core::OwnerId owner, std::span<const core::RequestId> requests,
                                                      core::WallTime now) override;

  // --- purge.cpp, counts.cpp
  core::Result<core::Purged> purge(const core::PurgeRules& rules, core::WallTime now) override;
  core::Result<core::WallTime> forgotten_until() override;
  core::Result<core::Counts> counts() override;
  core::Result<core::Totals> totals() override;

  // --- audit.cpp, backup_verbs.cpp
  core::Result<core::AuditStep> audit_bodies(std::int64_t after) override;
  core::Result<core::AuditStep> audit_requests(std::int64_t after) override;
  core::Result<void> backup_begin(const std::string& path) override;
  core::Result<core::BackupProgress> backup_progress() override;
  core::Result<void> backup_end() override;

 private:
  // Runs the body of a verb and returns its value, or the error of the VerbFailed that it throws.
  template <class Body>
  auto verb(Body body) -> core::Result<std::invoke_result_t<Body&>> {
    CHECK(db_->in_transaction());  // begin_transaction() comes before verbs
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<Body&>>) {
        body();
        return {};
      } else {
        return body();
      }
    } catch (const VerbFailed& failed) {
      return failed.error;
    }
  }
  [[noreturn]] static void refuse(core::Errc code, std::string why) { throw VerbFailed{{code, std::move(why)}}; }
  void roll_back();

  core::RequestView view(core::OwnerId owner, core::RequestId request);  // fails: not_found. delivery.cpp

  // --- bodies: bodies.cpp
  core::BodyId next_body() { return core::BodyId{++last_body_}; }
  void put_chunk(core::BodyId body, std::int64_t index, std::string_view bytes);
  std::string get_chunk(core::BodyId body, std::int64_t index);  // fails: not_found, corrupt
  core::BodyRef put_body(std::string_view bytes);
  core::BodyRef adopt_spooled(core::BodyId spooled);
  void drop_body(core::BodyRef body);  // at once if it has one chunk, else in steps by purge()
  bool drop_garbage();                 // one step; returns true if it found garbage

  // --- intake: intake.cpp
  std::int64_t body_bytes(const core::NewRequest& request);  // fails: not_found (its spooled body)
  core::RequestId insert_request(const core::NewRequest& request, core::OwnerId owner,
                                 std::optional<PlaceInGroup> place, core::WallTime now);

  // --- groups: groups.cpp
  std::optional<std::int64_t> find_group(core::OwnerId owner, const std::string& name);
  std::int64_t note_group(core::OwnerId owner, const std::string& name, core::WallTime now);  // creates a new group
  core::LineAccepted look_up_line(std::optional<std::int64_t> group, const core::GroupLine& line);
  void require_room_for_lines(core::OwnerId owner, std::span<const core::GroupLine> lines,
                              const std::vector<core::LineAccepted>& answers);

  // --- limits of intake: limits.cpp. require_*() are called before anything is written; fail: queue_full, disk_full.
  std::int64_t free_bytes();  // of the file system; looked at once per transaction
  void require_free_space();
  // Of the `bytes` of these `items` requests, `spooled` are counted in the queue already.
  void require_room(core::OwnerId owner, std::int64_t items, std::int64_t bytes, std::int64_t spooled);
  void require_room_to_spool(core::OwnerId owner, std::int64_t bytes);
  void count_spooled(core::OwnerId owner, std::int64_t bytes);

  const core::Lane& lane(core::LaneId queue) const { return lanes_.row(queue).names; }

  // --- batches: batch_row.cpp
  BatchRow load(core::BatchId id);  // fails: not_found
  std::vector<core::Batch> load_all(std::span<const core::BatchId> ids);
  // Loads a batch; fails: not_found, and stale unless the batch is in one of `states`.
  BatchRow load_in(core::BatchId id, std::initializer_list<core::BatchState> states);
  core::BatchId insert_batch(core::LaneId lane, core::SealReason reason, const BatchRow* parent, core::WallTime now);
  void save(const BatchRow& row, core::BatchState expected);  // its row must be in state `expected` (CHECK)
  void move(BatchRow& row, core::BatchState to, core::WallTime now);

  // --- ends of members: ends.cpp. Each changes one packed member of `batch`, and the counters. requeue() is for what
  // ran, and moves it to the lane's regular queue.
  void requeue(BatchRow& batch, const Member& member, int attempts, core::WallTime queued_at);
  void give_back(BatchRow& batch, const Member& member);
  void fail(BatchRow& batch, const Member& member, core::RequestState end, int attempts,
            const core::RequestError& error, core::WallTime now);
  void succeed(BatchRow& batch, const Member& member, core::BodyRef line, const core::RequestOutcome& outcome,
               core::WallTime now);
  void leaves(BatchRow& batch, const Member& member, core::RequestState to);
  std::int64_t next_completion();

  // --- suspicion: suspicion.cpp
  core::Suspicion suspicion_in(core::LaneId queue, core::OwnerId owner);  // there must be one (CHECK)
  // Counts an owner's requests that are in a suspicious queue, or in a batch from there, and forgets the suspicion with
  // the last of them. Does nothing for a regular queue.
  void count_suspects(core::LaneId queue, core::OwnerId owner, std::int64_t delta);
  std::pair<core::LaneId, core::OwnerId> suspected_by(core::BatchId batch);  // fails: not_found

  // --- ends before any result: cancel.cpp. Of queued and packed requests; a packed one stays a line of its batch.
  void end_early(const Unfinished& request, core::RequestState end, core::WallTime now, Touched& batches,
                 core::Recorded& recorded);
  std::vector<core::BatchId> save_touched(const Touched& batches);  // returns those without a packed member left

  // --- housekeeping: purge.cpp. A step goes on at purge_walk_, spends the budget, and returns true after the last row.
  // Removes requests that ended in `state`; if it is nullopt, acknowledged ones.
  bool purge_requests(std::optional<core::RequestState> state, core::WallTime before, PurgeBudget& budget);
  void purge_request(const Doomed& request);
  bool purge_answers(core::WallTime before, core::WallTime now, PurgeBudget& budget);
  bool purge_keys(core::WallTime before, PurgeBudget& budget);
  bool purge_groups(core::WallTime before, PurgeBudget& budget);
  bool purge_group(std::int64_t group, PurgeBudget& budget);
  bool purge_batches(core::WallTime before, core::WallTime now, PurgeBudget& budget);
  void forget_batch(core::WallTime ended_at);  // notes that a batch was dropped
  void shrink();

  // --- audit: audit.cpp
  std::int64_t audit_request(const Query& row, std::vector<std::string>& findings);  // returns how many chunks it has
  AuditedBody audit_body(core::BodyRef body);
  AuditedUploads audit_uploads(std::int64_t after);
  bool is_orphan(std::int64_t body);

  void count_state(core::OwnerId owner, core::RequestState state, std::int64_t delta) {
    counters_.add({CounterKind::requests, owner.value(), static_cast<std::int64_t>(state)}, delta);
  }
  // Counts what entered the queue; negative numbers: what left it.
  void count_queue(core::LaneId lane, core::OwnerId owner, std::int64_t items, std::int64_t bytes, std::int64_t tokens);

  // --- the queue: packing.cpp
  std::optional<core::WallTime> oldest_queued(core::LaneId lane, core::OwnerId owner);
  std::optional<core::WallTime> nearest_deadline(core::LaneId lane, core::OwnerId owner);
  Query claimable(core::LaneId lane, core::OwnerId owner, std::optional<core::WallTime> urgent_before);

  SqliteConfig config_;
  std::unique_ptr<Db> db_;
  core::Installation installation_;
  Counters counters_;
  core::IdSource ids_;
  std::int64_t last_body_ = 0;
  LaneTable lanes_;
  core::QueueLimits limits_;
  std::optional<std::int64_t> free_bytes_;  // for this transaction
  std::int64_t changes_before_verb_ = 0;
  PurgeWalk purge_walk_;
  bool purge_removed_ = false, wipe_log_ = false;  // by this run of purge(); purged rows are still in the WAL
  BodyOwners body_owners_;
  std::unique_ptr<Backup> backup_;
  bool backup_is_new_ = false;  // begun by this transaction: given up if that is rolled back
  TransactionState transaction_state_ = TransactionState::intact;
};

}  // namespace batchd::storage
