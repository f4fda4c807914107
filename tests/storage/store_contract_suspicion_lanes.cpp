// What a lane's two queues have in common.
#include "tests/storage/suspicion_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum BatchState;

class SuspectsLanes : public SuspicionStories {
 protected:
  Result<Accepted> offer(OwnerId owner, const std::string& model) {
    const Lane lane{"default", "answers", model};
    return attempt([&](Store& s) { return s.accept(request(owner, "{}", 1, lane), now_); });
  }
  void purge() {
    tick();
    while (must([&](Store& s) { return s.purge({now_, now_, now_}, now_); }).more) {
    }
  }
};

TEST_P(SuspectsLanes, TheProviderCountsBothQueuesOfALane) {
  suspected(2);
  const auto suspicious = suspicious_queue().id;
  accept(kAnna, "{}", 7);
  const auto regular = queues().at(0).id;
  suspicious_batch(2);
  const auto other = must([&](Store& s) { return s.open_batch(regular, SealReason::age, now_); });
  claim(other, kAnna);
  must([&](Store& s) { return s.seal(other, now_); });
  must([&](Store& s) { return s.set_lane_budget(suspicious, {1.5, 500, now_}); });
  reopen();
  for (const auto lane : {regular, suspicious}) {
    const auto load = must([&](Store& s) { return s.lane_load(lane); });
    EXPECT_EQ(load.batches, 2);
    EXPECT_EQ(load.tokens, 27);
    EXPECT_DOUBLE_EQ(load.learned.ratio, 1.5);
    EXPECT_EQ(load.learned.allowance, 500);
  }
  EXPECT_EQ(must([&](Store& s) { return s.budget_use("default", now_, 48h, 0); }).jobs, 2);
}

TEST_P(SuspectsLanes, WhatASuspiciousJobTookCountsForNoTurnaround) {
  suspected(4);
  const auto suspicious = suspicious_queue().id;
  for (int i = 0; i < 4; ++i) {
    const auto batch = suspicious_batch(1);
    BatchPatch times;
    times.submitted_at = now_;
    times.ended_at = now_ + 1min;
    walk(batch, {uploading, uploaded, creating});
    step(batch, submitted, times);
  }
  EXPECT_FALSE(must([&](Store& s) { return s.lane_turnaround(suspicious); }));
}

TEST_P(SuspectsLanes, ASuspiciousQueueCountsForNobodyAndKeepsItsLane) {
  const auto id = suspected(1).at(0);
  const auto suspicious = suspicious_queue().id;
  CHECK(store_->begin_transaction().has_value());
  for (int i = 1; i < 1000; ++i) {
    store_->begin_verb();
    const Lane lane{"default", "answers", "m" + std::to_string(i)};
    ASSERT_TRUE(store_->accept(request(OwnerId{4000 + i}, "{}", 1, lane), now_).has_value()) << i;
    store_->end_verb(true);
  }
  CHECK(store_->commit_transaction().has_value());
  purge();
  EXPECT_EQ(offer(kBob, "another").error().code, Errc::queue_full) << "the suspicious request keeps its lane";
  EXPECT_EQ(suspicious_queue().owners.at(0).items, 1);
  const auto other = accept(kAnna);
  cancel(id);
  purge();
  EXPECT_EQ(offer(kBob, "another").error().code, Errc::queue_full) << "so does one of the regular queue";
  cancel(other);
  purge();
  reopen();
  EXPECT_TRUE(offer(kBob, "another").has_value());
  EXPECT_EQ(offer(kBob, "yet another").error().code, Errc::queue_full);
  // Both of its queues were given away: when the lane comes back, it has new ones.
  const auto newest = must([](Store& s) { return s.list_requests(OwnerId{4999}, {}, {}, 1); }).requests.at(0).id;
  must([&](Store& s) { return s.cancel(OwnerId{4999}, newest, now_); });
  purge();
  reopen();
  accept(kAnna);
  const auto regular = queues().back();
  ASSERT_EQ(regular.lane, kLane);
  const auto batch = must([&](Store& s) { return s.open_batch(regular.id, SealReason::age, now_); });
  claim(batch, kAnna);
  must([&](Store& s) { return s.seal(batch, now_); });
  suspect(refuse(batch));
  EXPECT_GT(suspicious_queue().id, suspicious);
  reopen();
  EXPECT_EQ(suspicious_queue().owners.at(0).items, 1);
  expect_balance();
}

TEST_P(SuspectsLanes, AQueueThatWasMadeInVainIsForgotten) {
  accept_many(kAnna, 2);
  const auto batch = refused_batch({kAnna});
  ASSERT_TRUE(store_->begin_transaction().has_value());
  store_->begin_verb();
  ASSERT_TRUE(store_->suspect_members(batch, now_).has_value());
  EXPECT_EQ(store_->end_verb(false), TransactionalStore::TransactionState::lost);
  EXPECT_TRUE(queues().empty());
  EXPECT_EQ(suspect(batch), 2);
  reopen();
  EXPECT_EQ(suspicious_queue().owners.at(0).items, 2);
  expect_balance();
}

RUN_FOR_EVERY_STORE(SuspectsLanes);

}  // namespace
}  // namespace batchd::storage::testing
