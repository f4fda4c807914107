// A batch's states and facts, recovery, listings.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum BatchState;

class Batches : public ContractStories {};

TEST_P(Batches, FactsSurvive) {
  accept(kAnna);
  const auto id = sealed_batch({kAnna});
  BatchPatch patch;
  patch.upload_n = 1;
  patch.upload_session = "https://session";
  step(id, uploading, patch);
  patch = {};
  patch.uploaded_at = now_;
  step(id, uploaded, patch);
  patch = {};
  patch.tag = "t";
  patch.credential = "c";
  patch.create_at = now_;
  patch.throttled = true;
  patch.throttles = 2;
  patch.not_before = now_ + 60s;
  tick();
  step(id, creating, patch);
  reopen();
  const auto batch = must([&](Store& s) { return s.get_batch(id); });
  EXPECT_EQ(batch.state, creating);
  EXPECT_EQ(batch.state_since, now_);
  EXPECT_EQ(batch.upload_n, 1);
  EXPECT_EQ(batch.upload_session, "https://session");
  EXPECT_EQ(batch.uploaded_at, kStart);
  EXPECT_EQ(batch.tag, "t");
  EXPECT_EQ(batch.credential, "c");
  EXPECT_EQ(batch.create_at, kStart);
  EXPECT_TRUE(batch.throttled);
  EXPECT_EQ(batch.throttles, 2);
  EXPECT_EQ(batch.not_before, kStart + 60s);
  EXPECT_EQ(batch.creates, 1);
  EXPECT_EQ(batch.root, id);
  EXPECT_EQ(batch.lane, kLane);
  EXPECT_EQ(batch.items, 1);
}

TEST_P(Batches, ANewUploadForgetsTheOldFile) {
  accept(kAnna);
  const auto id = sealed_batch({kAnna});
  BatchPatch patch;
  patch.upload_n = 1;
  step(id, uploading, patch);
  patch = {};
  patch.uploaded_at = now_;
  patch.file_deleted = true;
  step(id, uploaded, patch);
  patch = {};
  patch.upload_n = 2;
  const auto batch = step(id, uploading, patch);
  EXPECT_FALSE(batch.uploaded_at);
  EXPECT_FALSE(batch.file_deleted);
}

TEST_P(Batches, ARefusedOneGoesOnAsItWas) {
  accept(kAnna);
  const auto id = sealed_batch({kAnna});
  walk(id, {uploading, uploaded, creating});
  BatchPatch refusal;
  refusal.refusal = RefusedFor::unexplained;
  refusal.error = said(ErrorClass::denied);
  refusal.message = "no";
  refusal.unexplained_since = now_ + 1s;
  step(id, refused, refusal);
  reopen();
  const auto no = must([&](Store& s) { return s.get_batch(id); });
  EXPECT_EQ(no.unexplained_since, now_ + 1s);
  EXPECT_EQ(no.creates, 1);
  BatchPatch later;
  later.not_before = now_ + 60s;
  step(id, uploaded, later);
  reopen();
  const auto again = must([&](Store& s) { return s.get_batch(id); });
  EXPECT_EQ(again.refusal, RefusedFor::none);
  EXPECT_FALSE(again.error.has_value());
  EXPECT_EQ(again.message, "");
  EXPECT_EQ(again.not_before, now_ + 60s);
  EXPECT_EQ(again.unexplained_since, now_ + 1s) << "a fact about its requests";
  EXPECT_EQ(again.creates, 0);
}

TEST_P(Batches, AnotherStateThanExpectedIsStale) {
  accept(kAnna);
  const auto id = sealed_batch({kAnna});
  const auto marked = attempt([&](Store& s) { return s.mark(id, uploaded, creating, {}, now_); });
  ASSERT_TRUE(marked.has_error());
  EXPECT_EQ(marked.error().code, Errc::stale);
  EXPECT_EQ(must([&](Store& s) { return s.get_batch(id); }).state, sealed);
  EXPECT_EQ(attempt([](Store& s) { return s.get_batch(BatchId{1}); }).error().code, Errc::not_found);
}

TEST_P(Batches, SameStateChangesFactsOnly) {
  accept(kAnna);
  const auto id = sealed_batch({kAnna});
  tick();
  BatchPatch patch;
  patch.message = "m";
  const auto batch = must([&](Store& s) { return s.mark(id, sealed, sealed, patch, now_); });
  EXPECT_EQ(batch.message, "m");
  EXPECT_EQ(batch.state_since, kStart);
}

using BatchesDeathTest = Batches;
TEST_P(BatchesDeathTest, WhatIsNoArrowIsABug) {
  accept(kAnna);
  const auto id = sealed_batch({kAnna});
  EXPECT_DEATH(attempt([&](Store& s) { return s.mark(id, sealed, submitted, {}, now_); }), "CHECK");
}

TEST_P(BatchesDeathTest, WhatHasLeftARefusedOneIsNotSentWithItAgain) {
  accept_many(kAnna, 1100);
  const auto id = sealed_batch({kAnna});
  walk(id, {uploading, uploaded, creating, refused});
  must([&](Store& s) { return s.split(id, SplitRule::halve, now_); });
  for (const auto back : {uploaded, uploading})
    EXPECT_DEATH(attempt([&](Store& s) { return s.mark(id, refused, back, {}, now_); }), "CHECK");
}

TEST_P(BatchesDeathTest, ABatchWithMembersIsNotDone) {
  accept(kAnna);
  const auto id = collecting_batch({kAnna});
  EXPECT_DEATH(attempt([&](Store& s) { return s.mark(id, collecting, done, {}, now_); }), "CHECK");
}

TEST_P(Batches, ListingsAreInIdOrderAndPaged) {
  std::vector<BatchId> ids;
  for (int i = 0; i < 5; ++i) {
    accept(kAnna);
    ids.push_back(sealed_batch({kAnna}));
  }
  step(ids[1], uploading);
  step(ids[3], uploading);
  const auto all = batches_in({uploading, sealed});
  ASSERT_EQ(all.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(all[i].id, ids[i]);
  const std::vector<BatchState> two_states{sealed, uploading};
  const auto page = must([&](Store& s) { return s.list_batches(two_states, ids[1], 2); });
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].id, ids[2]);
  EXPECT_EQ(page[1].id, ids[3]);
  EXPECT_EQ(counts().batches[static_cast<std::size_t>(sealed)].items, 3);
}

TEST_P(Batches, RecoveryFinishesSealingAndDoubtsCreates) {
  accept(kAnna);
  const auto filled = open_batch();
  claim(filled, kAnna);
  accept(kBob);
  const auto empty = open_batch();
  accept(kAnna);
  const auto sent = sealed_batch({kAnna});
  walk(sent, {uploading, uploaded, creating});
  accept(kAnna);
  const auto throttled = sealed_batch({kAnna});
  walk(throttled, {uploading, uploaded});
  BatchPatch patch;
  patch.throttled = true;
  step(throttled, creating, patch);
  reopen();
  while (must([&](Store& s) { return s.recover(now_); })) {
  }
  const auto state = [&](BatchId id) { return must([&](Store& s) { return s.get_batch(id); }).state; };
  EXPECT_EQ(state(filled), sealed);
  EXPECT_EQ(state(empty), unsealed);
  EXPECT_EQ(state(sent), unclear);
  EXPECT_EQ(state(throttled), creating);
}

TEST_P(Batches, StaleFilesAreThoseOfDoneBatches) {
  const auto id = accept(kAnna);
  const auto batch = sealed_batch({kAnna});
  BatchPatch patch;
  patch.upload_n = 1;
  step(batch, uploading, patch);
  walk(batch, {uploaded, creating, submitted, ended, collecting});
  const auto stale = [&] { return must([](Store& s) { return s.list_stale_files(BatchId{}, 10); }).size(); };
  EXPECT_EQ(stale(), 0U);
  const std::vector outcomes{success(id)};
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  step(batch, done);
  EXPECT_EQ(stale(), 1U);
  patch = {};
  patch.file_deleted = true;
  must([&](Store& s) { return s.note(batch, patch); });
  EXPECT_EQ(stale(), 0U);
}

TEST_P(Batches, StaleFilesComeInPages) {
  std::vector<BatchId> made;
  for (int i = 0; i < 5; ++i) {
    const auto id = accept(kAnna);
    const auto batch = sealed_batch({kAnna});
    BatchPatch patch;
    patch.upload_n = 1;
    step(batch, uploading, patch);
    walk(batch, {uploaded, creating, submitted, ended, collecting});
    const std::vector outcomes{success(id)};
    must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
    step(batch, done);
    made.push_back(batch);
  }
  reopen();
  std::vector<BatchId> seen;
  for (BatchId after;;) {
    const auto page = must([&](Store& s) { return s.list_stale_files(after, 2); });
    EXPECT_LE(page.size(), 2U);
    if (page.empty()) break;
    for (const auto& batch : page) seen.push_back(batch.id);
    after = page.back().id;
  }
  EXPECT_EQ(seen, made);
}

TEST_P(Batches, RecentOnesComeNewestFirst) {
  std::vector<BatchId> made;
  for (int i = 0; i < 5; ++i) {
    accept(kAnna);
    tick();
    made.push_back(sealed_batch({kAnna}));
  }
  step(made[1], uploading);
  step(made[3], uploading);
  accept(kAnna);
  open_batch();
  reopen();
  const auto recent = [&](std::vector<BatchState> states, BatchId before, int limit) {
    std::vector<BatchId> ids;
    for (const auto& batch : must([&](Store& s) { return s.recent_batches(states, before, limit); }))
      ids.push_back(batch.id);
    return ids;
  };
  using Ids = std::vector<BatchId>;
  EXPECT_EQ(recent({sealed, uploading}, {}, 3), (Ids{made[4], made[3], made[2]}));
  EXPECT_EQ(recent({sealed, uploading}, made[2], 3), (Ids{made[1], made[0]}));
  EXPECT_EQ(recent({uploading}, {}, 500), (Ids{made[3], made[1]}));
  EXPECT_EQ(recent({uploading}, made[1], 500), Ids{});
  EXPECT_EQ(recent({done}, {}, 500), Ids{});
}

TEST_P(Batches, TurnaroundIsTheMedianOfTheLastSixteen) {
  LaneId lane;
  for (int i = 1; i <= 20; ++i) {
    accept(kAnna);
    lane = only_lane();
    const auto batch = submitted_batch({kAnna});
    const auto known = must([&](Store& s) { return s.lane_turnaround(lane); });
    EXPECT_EQ(known.has_value(), i > 3);
    tick(std::chrono::minutes(i));
    BatchPatch over;
    over.ended_at = now_;
    step(batch, ended, over);
  }
  EXPECT_EQ(must([&](Store& s) { return s.lane_turnaround(lane); }), std::chrono::minutes(13));  // of 5..20
}

RUN_FOR_EVERY_STORE(Batches);
RUN_FOR_EVERY_STORE(BatchesDeathTest);

}  // namespace
}  // namespace batchd::storage::testing
