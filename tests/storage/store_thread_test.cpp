// Group commit: which verbs are answered when, and what happens when a transaction fails or the store breaks.
#include "storage/store_thread.h"

#include <future>
#include <optional>

#include "tests/storage/sqlite/sqlite_stories.h"

namespace batchd::storage::testing {
namespace {

using TransactionState = TransactionalStore::TransactionState;

// A store that counts commits and fails where it is told to, over a real one.
struct Script {
  std::atomic<int> commits{0};
  std::atomic<int> lose_commits{0};  // so many commits find a full disk
  std::atomic<bool> break_commit{false};
};

class ScriptedStore final : public TransactionalStore {
 public:
  ScriptedStore(std::unique_ptr<TransactionalStore> real, Script& script) : real_(std::move(real)), script_(script) {}

  Result<void> begin_transaction() override {
    state_ = TransactionState::intact;
    return real_->begin_transaction();
  }
  void begin_verb() override { real_->begin_verb(); }
  TransactionState end_verb(bool keep) override { return real_->end_verb(keep); }
  Result<void> commit_transaction() override {
    if (script_.break_commit) return lose(TransactionState::broken, Errc::store_failed);
    if (script_.lose_commits > 0) {
      --script_.lose_commits;
      return lose(TransactionState::lost, Errc::disk_full);
    }
    ++script_.commits;
    return real_->commit_transaction();
  }
  TransactionState transaction_state() const override {
    return state_ == TransactionState::intact ? real_->transaction_state() : state_;
  }
  Error last_error() const override { return {Errc::store_failed, "scripted"}; }
  TransactionState tend(bool idle) override { return real_->tend(idle); }

  Installation installation() override { return real_->installation(); }
  Result<bool> recover(WallTime now) override { return real_->recover(now); }
  Result<void> spool_append(BodyId spooled, std::string_view chunk) override {
    return real_->spool_append(spooled, chunk);
  }
  Result<void> spool_discard(BodyId spooled) override { return real_->spool_discard(spooled); }
  Result<Accepted> accept(const NewRequest& request, WallTime now) override { return real_->accept(request, now); }
  Result<std::vector<LaneQueue>> summarise_queue() override { return real_->summarise_queue(); }
  Result<BudgetUse> budget_use(const std::string& account, WallTime now, Duration lifetime,
                               std::int64_t frame) override {
    return real_->budget_use(account, now, lifetime, frame);
  }
  Result<BatchId> open_batch(LaneId lane, SealReason reason, WallTime now) override {
    return real_->open_batch(lane, reason, now);
  }
  Result<Batch> seal(BatchId batch, WallTime now) override { return real_->seal(batch, now); }
  Result<std::vector<Batch>> list_batches(std::span<const BatchState> states, BatchId after, int limit) override {
    return real_->list_batches(states, after, limit);
  }
  Result<Batch> get_batch(BatchId batch) override { return real_->get_batch(batch); }
  Result<Batch> mark(BatchId batch, BatchState from, BatchState to, const BatchPatch& patch, WallTime now) override {
    return real_->mark(batch, from, to, patch, now);
  }
  Result<void> note(BatchId batch, const BatchPatch& patch) override { return real_->note(batch, patch); }
  Result<std::vector<std::string>> list_inputs(BatchId batch) override { return real_->list_inputs(batch); }
  Result<std::vector<Batch>> list_stale_files(BatchId after, int limit) override {
    return real_->list_stale_files(after, limit);
  }
  Result<std::optional<Duration>> lane_turnaround(LaneId lane) override { return real_->lane_turnaround(lane); }
  Result<LinePieces> read_lines(BatchId batch, const LineCursor& cursor) override {
    return real_->read_lines(batch, cursor);
  }
  Result<LineSeek> seek_line(BatchId batch, std::int64_t offset, std::int64_t frame, const LineSeek& from) override {
    return real_->seek_line(batch, offset, frame, from);
  }
  Result<Recorded> record_outcomes(BatchId batch, std::span<const RequestOutcome> outcomes, int attempts,
                                   WallTime now) override {
    return real_->record_outcomes(batch, outcomes, attempts, now);
  }
  Result<Recorded> settle_absent(BatchId batch, const AbsentVerdict& verdict, int attempts, WallTime now) override {
    return real_->settle_absent(batch, verdict, attempts, now);
  }
  Result<Recorded> fail_members(BatchId batch, const RequestError& error, WallTime now) override {
    return real_->fail_members(batch, error, now);
  }
  Result<Recorded> fail_lines(BatchId batch, std::span<const LineRefusal> lines, WallTime now) override {
    return real_->fail_lines(batch, lines, now);
  }
  Result<Recorded> suspect_members(BatchId batch, WallTime now) override { return real_->suspect_members(batch, now); }
  Result<Suspicion> suspicion(BatchId batch) override { return real_->suspicion(batch); }
  Result<void> set_suspicion(BatchId batch, const Suspicion& suspicion) override {
    return real_->set_suspicion(batch, suspicion);
  }
  Result<std::int64_t> renew_suspicion(const LaneSelector& lanes, WallTime now) override {
    return real_->renew_suspicion(lanes, now);
  }
  Result<std::int64_t> name_owners(BatchId batch, std::span<const std::int64_t> lines) override {
    return real_->name_owners(batch, lines);
  }
  Result<Recorded> return_members(BatchId batch, WallTime now) override { return real_->return_members(batch, now); }
  Result<SplitStep> split(BatchId batch, SplitRule rule, WallTime now) override {
    return real_->split(batch, rule, now);
  }
  Result<OwnerCounts> count_owners(BatchId batch) override { return real_->count_owners(batch); }
  Result<RequestView> find_request(OwnerId owner, RequestId request) override {
    return real_->find_request(owner, request);
  }
  Result<std::string> read_chunk(BodyId body, std::int64_t index) override { return real_->read_chunk(body, index); }
  Result<Purged> purge(const PurgeRules& rules, WallTime now) override { return real_->purge(rules, now); }
  Result<WallTime> forgotten_until() override { return real_->forgotten_until(); }
  Result<Counts> counts() override { return real_->counts(); }
  Result<Totals> totals() override { return real_->totals(); }
  Result<std::array<std::int64_t, kRequestStates>> owner_counts(OwnerId owner) override {
    return real_->owner_counts(owner);
  }
  Result<void> limit_queue(const QueueLimits& limits) override { return real_->limit_queue(limits); }
  Result<OwnerId> owner_named(const std::string& name) override { return real_->owner_named(name); }
  Result<BodyId> spool_begin(SpoolPurpose purpose, OwnerId owner) override {
    return real_->spool_begin(purpose, owner);
  }
  Result<std::vector<LineAccepted>> accept_lines(OwnerId owner, const std::string& group,
                                                 std::span<const GroupLine> lines, WallTime now) override {
    return real_->accept_lines(owner, group, lines, now);
  }
  Result<Cancelled> cancel(OwnerId owner, RequestId request, WallTime now) override {
    return real_->cancel(owner, request, now);
  }
  Result<GroupCancelled> cancel_group(OwnerId owner, const std::string& group, RequestId after, WallTime now) override {
    return real_->cancel_group(owner, group, after, now);
  }
  Result<Expired> expire_due(WallTime now) override { return real_->expire_due(now); }
  Result<Claimed> claim(BatchId batch, OwnerId owner, const ClaimLimit& limit, std::optional<WallTime> urgent_before,
                        WallTime now) override {
    return real_->claim(batch, owner, limit, urgent_before, now);
  }
  Result<LaneLoad> lane_load(LaneId lane) override { return real_->lane_load(lane); }
  Result<void> set_lane_budget(LaneId lane, const LaneBudget& budget) override {
    return real_->set_lane_budget(lane, budget);
  }
  Result<std::vector<LaneSelector>> list_pauses() override { return real_->list_pauses(); }
  Result<void> set_pause(const LaneSelector& lanes, bool paused) override { return real_->set_pause(lanes, paused); }
  Result<std::vector<Batch>> list_fenced(const std::string& account, WallTime since) override {
    return real_->list_fenced(account, since);
  }
  Result<std::optional<Batch>> find_by_tag(const std::string& tag) override { return real_->find_by_tag(tag); }
  Result<bool> knows_job(const std::string& account, const std::string& job) override {
    return real_->knows_job(account, job);
  }
  Result<void> note_strange_job(const StrangeJob& job) override { return real_->note_strange_job(job); }
  Result<std::vector<StrangeJob>> list_strange_jobs() override { return real_->list_strange_jobs(); }
  Result<void> accept_strange_jobs(const std::string& account) override { return real_->accept_strange_jobs(account); }
  Result<RequestPage> list_requests(OwnerId owner, const RequestFilter& filter, RequestId before, int limit) override {
    return real_->list_requests(owner, filter, before, limit);
  }
  Result<ResultPage> list_results(OwnerId owner, const std::string& channel, std::int64_t after, int limit) override {
    return real_->list_results(owner, channel, after, limit);
  }
  Result<std::int64_t> last_completion() override { return real_->last_completion(); }
  Result<Acknowledged> acknowledge(OwnerId owner, const std::string& channel, std::int64_t up_to,
                                   WallTime now) override {
    return real_->acknowledge(owner, channel, up_to, now);
  }
  Result<AcknowledgedIds> acknowledge_ids(OwnerId owner, std::span<const RequestId> requests, WallTime now) override {
    return real_->acknowledge_ids(owner, requests, now);
  }
  Result<std::vector<OwnerUse>> list_owners(int limit) override { return real_->list_owners(limit); }
  Result<std::vector<Batch>> recent_batches(std::span<const BatchState> states, BatchId before, int limit) override {
    return real_->recent_batches(states, before, limit);
  }
  Result<AuditStep> audit_bodies(std::int64_t after) override { return real_->audit_bodies(after); }
  Result<AuditStep> audit_requests(std::int64_t after) override { return real_->audit_requests(after); }
  Result<void> backup_begin(const std::string& path) override { return real_->backup_begin(path); }
  Result<BackupProgress> backup_progress() override { return real_->backup_progress(); }
  Result<void> backup_end() override { return real_->backup_end(); }
  Result<std::optional<RequestId>> adopt_orphan(OwnerId owner, const std::string& call, WallTime since) override {
    return real_->adopt_orphan(owner, call, since);
  }
  Result<void> note_answer(RequestId request, WallTime now) override { return real_->note_answer(request, now); }
  Result<void> orphan_call(RequestId request) override { return real_->orphan_call(request); }
  Result<void> complete_call(RequestId request, WallTime now) override { return real_->complete_call(request, now); }
  Result<void> abandon_call(RequestId request) override { return real_->abandon_call(request); }
  Result<std::optional<Accepted>> find_accepted(OwnerId owner, const std::string& key,
                                                const std::string& fingerprint) override {
    return real_->find_accepted(owner, key, fingerprint);
  }
  Result<void> probe() override { return real_->probe(); }

 private:
  Result<void> lose(TransactionState state, Errc code) {
    // A verb that isn't kept after it wrote takes the group with it.
    real_->begin_verb();
    (void)real_->probe();
    real_->end_verb(false);
    state_ = state;
    return Error{code, "scripted"};
  }
  std::unique_ptr<TransactionalStore> real_;
  Script& script_;
  TransactionState state_ = TransactionState::intact;
};

class Thread : public ::testing::Test {
 protected:
  Thread()
      : factory_(kSqlite.make()),
        thread_(std::make_unique<StoreThread>(
            std::make_unique<ScriptedStore>(factory_->open(), script_),
            [this](const std::function<void()>& completions) {
              ++posts_;
              completions();
            },
            [this](const Error& error) { fatal_.set_value(error); })) {}

  // Keeps the store's thread busy, so that what is put in meanwhile becomes one group.
  void hold() {
    std::promise<void> running;
    thread_->run(
        VerbClass::read,
        [this, &running](Store&) -> Result<void> {
          running.set_value();
          gate_.get_future().wait();
          return {};
        },
        [](const Result<void>&) {});
    running.get_future().wait();
  }
  void let_go() { gate_.set_value(); }

  void accept(std::promise<Result<Accepted>>& answer) {
    NewRequest fresh;
    fresh.owner = kAnna;
    fresh.lane = kLane;
    fresh.body = "{}";
    thread_->run(
        VerbClass::intake, [fresh](Store& s) { return s.accept(fresh, kStart); },
        [&answer](Result<Accepted> accepted) { answer.set_value(std::move(accepted)); });
  }

  std::unique_ptr<StoreFactory> factory_;
  Script script_;
  std::atomic<int> posts_{0};
  std::promise<Error> fatal_;
  std::promise<void> gate_;
  std::unique_ptr<StoreThread> thread_;
};

constexpr auto kPatience = 20s;

TEST_F(Thread, WhatWaitsTogetherIsCommittedAndAnsweredTogether) {
  std::vector<std::promise<Result<Accepted>>> answers(50);
  hold();
  for (auto& answer : answers) accept(answer);
  let_go();
  for (auto& answer : answers) EXPECT_TRUE(answer.get_future().get().has_value());
  thread_->stop();
  EXPECT_EQ(script_.commits, 2);  // the one that held, and the group
  EXPECT_EQ(posts_, 2);
}

TEST_F(Thread, AVerbThatFailsTakesNoOtherWithIt) {
  std::promise<Result<Accepted>> first;
  std::promise<Result<Accepted>> last;
  std::promise<Result<RequestView>> lost;
  hold();
  accept(first);
  thread_->run(
      VerbClass::state,  // fails after it wrote: the whole group is run again, one by one
      [](Store& s) -> Result<RequestView> {
        if (auto probed = s.probe(); !probed) return probed.error();
        return s.find_request(kAnna, RequestId{1});
      },
      [&](Result<RequestView> view) { lost.set_value(std::move(view)); });
  accept(last);
  let_go();
  const auto first_id = first.get_future().get().value().id;
  const auto last_id = last.get_future().get().value().id;
  EXPECT_NE(first_id, last_id);
  EXPECT_EQ(lost.get_future().get().error().code, Errc::not_found);
  thread_->stop();
  thread_.reset();
  auto store = factory_->open();
  EXPECT_EQ(commit(*store, [](Store& s) { return s.counts(); }).value().accepted, 2);
  EXPECT_TRUE(commit(*store, [&](Store& s) { return s.find_request(kAnna, last_id); }).has_value());
}

TEST_F(Thread, ALostGroupIsReplayedWithThePaidWorkFirst) {
  std::vector<int> order;  // of the runs; the store's thread only
  std::promise<void> all_answered;
  int answers = 0;
  const auto put = [&](VerbClass verb_class, int name) {
    thread_->run(
        verb_class,
        [&order, name](Store& s) {
          order.push_back(name);
          return s.probe();
        },
        [&](const Result<void>& result) {
          EXPECT_TRUE(result.has_value());
          if (++answers == 5) all_answered.set_value();
        });
  };
  hold();
  put(VerbClass::intake, 1);
  put(VerbClass::read, 2);
  put(VerbClass::outcome, 3);
  put(VerbClass::state, 4);
  put(VerbClass::outcome, 5);
  thread_->run(
      VerbClass::read,  // switches the loss on for this group only: the one that is held commits first
      [this, armed = false](Store&) mutable -> Result<void> {
        if (!std::exchange(armed, true)) script_.lose_commits = 1;
        return {};
      },
      [](const Result<void>&) {});
  let_go();
  ASSERT_EQ(all_answered.get_future().wait_for(kPatience), std::future_status::ready);
  thread_->stop();
  EXPECT_EQ(order, (std::vector{1, 2, 3, 4, 5, 3, 5, 4, 2, 1}));
}

TEST_F(Thread, ABrokenStoreAnswersNobody) {
  std::atomic<int> answered{0};
  script_.break_commit = true;
  for (int i = 0; i < 3; ++i)
    thread_->run(
        VerbClass::state, [](Store& s) { return s.probe(); }, [&](const Result<void>&) { ++answered; });
  auto fatal = fatal_.get_future();
  ASSERT_EQ(fatal.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(fatal.get().code, Errc::store_failed);
  thread_->run(
      VerbClass::state, [](Store& s) { return s.probe(); }, [&](const Result<void>&) { ++answered; });
  thread_->stop();
  EXPECT_EQ(answered, 0);
}

TEST_F(Thread, StopDrainsAndThenRefuses) {
  std::vector<std::promise<Result<Accepted>>> answers(20);
  hold();
  for (auto& answer : answers) accept(answer);
  let_go();
  thread_->stop();
  for (auto& answer : answers) {
    auto future = answer.get_future();
    ASSERT_EQ(future.wait_for(0s), std::future_status::ready);
    EXPECT_TRUE(future.get().has_value());
  }
  std::promise<Result<Accepted>> late;
  accept(late);
  EXPECT_EQ(late.get_future().get().error().code, Errc::stopping);
  thread_->stop();
}

}  // namespace
}  // namespace batchd::storage::testing
