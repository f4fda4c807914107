// Lanes: deadlines in the queue, what is at the provider, what was learned, pauses, and room for new ones.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum BatchState;

class Lanes : public ContractStories {
 protected:
  RequestId urgent(Duration in, OwnerId owner = kAnna, Lane lane = kLane) {
    auto fresh = request(owner, "{}", 10, std::move(lane));
    fresh.deadline = now_ + in;
    return must([&](Store& s) { return s.accept(fresh, now_); }).id;
  }
  LaneLoad load(LaneId lane) {
    return must([&](Store& s) { return s.lane_load(lane); });
  }
  static Lane numbered(int i) { return {"default", "answers", "m" + std::to_string(i)}; }
  // Of the full table's lanes: three owners with all that one may have, then many with one each.
  static OwnerId maker(int i) { return OwnerId{i < 750 ? 3000 + i / 250 : 4000 + i}; }
  Result<Accepted> offer(const Lane& lane, OwnerId owner = kAnna) {
    return attempt([&](Store& s) { return s.accept(request(owner, "{}", 1, lane), now_); });
  }
  Result<std::vector<LineAccepted>> offer_lines(const std::string& group, const std::vector<Lane>& lanes,
                                                OwnerId owner = kAnna) {
    std::vector<GroupLine> lines;
    for (const auto& lane : lanes) lines.push_back({std::ssize(lines) + 1, "digest", request(owner, "{}", 1, lane)});
    return attempt([&](Store& s) { return s.accept_lines(owner, group, lines, now_); });
  }
  void cancel_in(const Lane& lane, OwnerId owner) {
    const auto page = must([&](Store& s) { return s.list_requests(owner, {.model = lane.model}, {}, 1); });
    must([&](Store& s) { return s.cancel(owner, page.requests.at(0).id, now_); });
  }
  void purge() {
    while (must([&](Store& s) { return s.purge({now_, now_, now_}, now_); }).more) {
    }
  }
  void fill_table(int lanes = 1000) {
    CHECK(store_->begin_transaction().has_value());
    for (int i = 0; i < lanes; ++i) {
      store_->begin_verb();
      CHECK(store_->accept(request(maker(i), "{}", 1, numbered(i)), now_).has_value());
      store_->end_verb(true);
    }
    CHECK(store_->commit_transaction().has_value());
  }
};

TEST_P(Lanes, TheSummaryKnowsTheNearestDeadline) {
  accept(kBob);
  urgent(9s);
  urgent(5s);
  urgent(7s);
  reopen();
  const auto owners = must([](Store& s) { return s.summarise_queue(); }).front().owners;
  ASSERT_EQ(owners.size(), 2U);
  EXPECT_EQ(owners[0].nearest_deadline, now_ + 5s);
  EXPECT_FALSE(owners[1].nearest_deadline);
}

TEST_P(Lanes, TheUrgentGoNearestFirst) {
  const auto plain = accept(kAnna);
  const auto far = urgent(9s);
  const auto middle = urgent(6s);
  const auto near = urgent(3s);
  urgent(1s, kBob);
  const auto batch = open_batch();
  const auto claim_urgent = [&](std::int64_t items) {
    return must([&](Store& s) { return s.claim(batch, kAnna, {items, 1000, 1000}, now_ + 9s, now_); }).items;
  };
  EXPECT_EQ(claim_urgent(1), 1);
  EXPECT_EQ(view(kAnna, near).state, RequestState::packed);
  EXPECT_EQ(view(kAnna, middle).state, RequestState::queued);
  reopen();
  EXPECT_EQ(claim_urgent(10), 1);  // before that time, not at it
  EXPECT_EQ(view(kAnna, middle).state, RequestState::packed);
  EXPECT_EQ(claim_urgent(10), 0);
  EXPECT_EQ(view(kAnna, far).state, RequestState::queued);
  EXPECT_EQ(claim(batch, kAnna).items, 2);  // the others, oldest first
  EXPECT_EQ(view(kAnna, plain).state, RequestState::packed);
  EXPECT_EQ(must([](Store& s) { return s.summarise_queue(); }).front().owners.front().owner, kBob);
  expect_balance();
}

TEST_P(Lanes, LoadIsWhatHasNotEndedYet) {
  struct Case {
    std::vector<BatchState> walk;
    std::int64_t batches, jobs;
    bool job = false, over = false;
  };
  const std::vector<Case> cases{
      {{}, 1, 0},
      {{uploading, uploaded}, 1, 0},
      {{uploading, uploaded, creating}, 1, 0},
      {{uploading, uploaded, creating, unclear, fencing}, 1, 0},
      {{uploading, uploaded, creating, submitted}, 1, 1, true},
      {{uploading, uploaded, creating, submitted, lost}, 1, 1, true},
      {{uploading, uploaded, creating, submitted, lost, held}, 0, 0, true},  // perhaps for days
      {{uploading, uploaded, creating, submitted, ended, collecting}, 0, 0, true, true},
      {{uploading, uploaded, creating, submitted, ended, collecting, held}, 0, 0, true, true},
      {{uploading, uploaded, creating, refused}, 0, 0},
      {{unsealed}, 0, 0},
  };
  accept(kBob, "{}", 7, {"default", "vectors", "e"});
  LaneLoad before;
  for (const auto& [way, batches, jobs, job, over] : cases) {
    accept(kAnna, "{}", 12);
    const auto lane = must([](Store& s) { return s.summarise_queue(); }).back().lane == kLane
                          ? must([](Store& s) { return s.summarise_queue(); }).back().id
                          : LaneId{};
    ASSERT_TRUE(lane);
    const auto batch = must([&](Store& s) { return s.open_batch(lane, SealReason::age, now_); });
    claim(batch, kAnna);
    must([&](Store& s) { return s.seal(batch, now_); });
    for (const auto state : way) {
      BatchPatch patch;
      if (state == submitted) patch.job = "jobs/1";
      if (state == ended) patch.ended_at = now_;
      step(batch, state, patch);
    }
    reopen();
    const auto after = load(lane);
    EXPECT_EQ(after.batches - before.batches, batches) << way.size();
    EXPECT_EQ(after.tokens - before.tokens, batches * 12) << way.size();
    EXPECT_EQ(after.jobs - before.jobs, jobs) << way.size();
    before = after;
  }
}

TEST_P(Lanes, WhatWasLearnedIsKept) {
  accept(kAnna);
  const auto lane = only_lane();
  EXPECT_EQ(load(lane).learned.ratio, 1);
  EXPECT_EQ(load(lane).learned.allowance, 0);
  must([&](Store& s) { return s.set_lane_budget(lane, {1.25, 5'000'000'000, now_ + 1ms}); });
  reopen();
  const auto learned = load(lane).learned;
  EXPECT_DOUBLE_EQ(learned.ratio, 1.25);
  EXPECT_EQ(learned.allowance, 5'000'000'000);
  EXPECT_EQ(learned.since, now_ + 1ms);
  EXPECT_EQ(attempt([](Store& s) { return s.lane_load(LaneId{99}); }).error().code, Errc::not_found);
}

TEST_P(Lanes, APauseIsEndedByWhatItLiesWithin) {
  const LaneSelector all;
  const LaneSelector account{"a", "", ""};
  const LaneSelector model{"", "", "m"};
  const LaneSelector both{"a", "", "m"};
  const LaneSelector other{"b", "answers", "m"};
  struct Case {
    LaneSelector ended;
    std::vector<LaneSelector> left;  // in order
  };
  const std::vector<Case> cases{
      {all, {}},
      {account, {all, model, other}},
      {model, {all, account}},
      {both, {all, model, account, other}},
      {{"c", "", ""}, {all, model, account, both, other}},
      {{"", "answers", ""}, {all, model, account, both}},
  };
  for (const auto& [ended, left] : cases) {
    for (const auto& pause : {all, account, model, both, other, other})
      must([&](Store& s) { return s.set_pause(pause, true); });
    reopen();
    EXPECT_EQ(must([](Store& s) { return s.list_pauses(); }).size(), 5U);
    must([&, &lanes = ended](Store& s) { return s.set_pause(lanes, false); });
    reopen();
    EXPECT_EQ(must([](Store& s) { return s.list_pauses(); }), left);
  }
}

TEST_P(Lanes, OneThatNothingRefersToMakesRoom) {
  fill_table();
  EXPECT_EQ(offer(kLane).error().code, Errc::queue_full);
  const auto in_use = [&] { return must([](Store& s) { return s.summarise_queue(); }); };
  const auto lanes = in_use();
  // A batch refers to its lane, and an end outside of any batch.
  const auto batch = must([&](Store& s) { return s.open_batch(lanes[3].id, SealReason::age, now_); });
  claim(batch, maker(3));
  must([&](Store& s) { return s.seal(batch, now_); });
  EXPECT_EQ(offer(kLane).error().code, Errc::queue_full);
  cancel_in(lanes[999].lane, maker(999));
  tick();
  purge();
  EXPECT_EQ(offer(kLane).error().code, Errc::queue_full);  // the newest stays: its number must not come again
  cancel_in(lanes[4].lane, maker(4));
  EXPECT_EQ(offer(kLane).error().code, Errc::queue_full);
  tick();
  purge();
  reopen();
  EXPECT_TRUE(offer(numbered(3)).has_value());  // known all the while
  EXPECT_TRUE(offer(kLane).has_value());
  EXPECT_EQ(in_use().back().lane, kLane);
  EXPECT_GT(in_use().back().id, lanes.back().id);
  EXPECT_TRUE(offer({"a", "b", "c"}, kBob).has_value());  // in the place of the one that was the newest before
  EXPECT_EQ(offer({"a", "b", "d"}, kBob).error().code, Errc::queue_full);
  // Who still knows the lane by its number is told.
  EXPECT_EQ(attempt([&](Store& s) { return s.open_batch(lanes[4].id, SealReason::age, now_); }).error().code,
            Errc::not_found);
  reopen();
  EXPECT_EQ(in_use().size(), 1000U);
  expect_balance();
}

TEST_P(Lanes, AnOwnerMayMakeAQuarterOfThem) {
  fill_table(250);
  const auto owner = maker(0);
  reopen();
  const auto refused = offer(kLane, owner);
  EXPECT_EQ(refused.error().code, Errc::queue_full);
  EXPECT_NE(refused.error().detail.find("you use more than 250"), std::string::npos) << refused.error().detail;
  EXPECT_TRUE(offer(numbered(7), owner).has_value()) << "known all the while";
  EXPECT_TRUE(offer(kLane, kBob).has_value());
  EXPECT_TRUE(offer(kLane, owner).has_value()) << "somebody else made it";
  // Those of their own that nothing refers to make room, for as many as they are.
  for (const auto i : {11, 12}) cancel_in(numbered(i), owner);
  tick();
  purge();
  const Lane first{"a", "b", "1"};
  const Lane second{"a", "b", "2"};
  const Lane third{"a", "b", "3"};
  EXPECT_EQ(offer_lines("g", {first, second, third}, owner).error().code, Errc::queue_full);
  EXPECT_EQ(offer_lines("g", {numbered(11), first, second}, owner).error().code, Errc::queue_full)
      << "the room that they use themselves";
  EXPECT_EQ(store_->transaction_state(), TransactionalStore::TransactionState::intact)
      << "refused before anything was written";
  reopen();
  EXPECT_TRUE(offer_lines("g", {first, second, numbered(13)}, owner).has_value());
  EXPECT_EQ(offer(third, owner).error().code, Errc::queue_full);
  EXPECT_TRUE(offer(third, kAnna).has_value());
  expect_balance();
}

TEST_P(Lanes, AFewOwnersDoNotUseThemUp) {
  // How many an owner can make, one by one.
  const auto make_all = [&](OwnerId owner) {
    CHECK(store_->begin_transaction().has_value());
    int made = 0;
    for (bool more = true; more;) {
      store_->begin_verb();
      const Lane lane{"default", "answers", to_text(owner) + '-' + std::to_string(made)};
      const auto accepted = store_->accept(request(owner, "{}", 1, lane), now_);
      more = accepted.has_value();
      if (more) ++made;
      CHECK(store_->end_verb(more) == TransactionalStore::TransactionState::intact);
    }
    CHECK(store_->commit_transaction().has_value());
    return made;
  };
  std::vector<int> made;
  for (int i = 0; i < 6; ++i) made.push_back(make_all(OwnerId{3000 + i}));
  EXPECT_EQ(made, (std::vector{250, 250, 250, 125, 63, 31})) << "each leaves as many as it has";
  const auto refused = offer(kLane, OwnerId{3003});
  EXPECT_EQ(refused.error().code, Errc::queue_full);
  EXPECT_NE(refused.error().detail.find("all but 31 are in use: the rest is for others"), std::string::npos)
      << refused.error().detail;
  EXPECT_TRUE(offer(kLane, kAnna).has_value());
  EXPECT_TRUE(offer(kLane, OwnerId{3003}).has_value()) << "somebody else made it";
  const Lane mine{"a", "b", "1"};
  const Lane other{"a", "b", "2"};
  reopen();
  EXPECT_EQ(offer_lines("g", {mine, other}, OwnerId{3005}).error().code, Errc::queue_full);
  EXPECT_TRUE(offer_lines("g", {mine, other}, kBob).has_value());
  // What is in the way of the next must be gone before it may be made: one of one's own counts twice.
  cancel_in({"default", "answers", to_text(OwnerId{3003}) + "-7"}, OwnerId{3003});
  tick();
  purge();
  EXPECT_EQ(offer({"a", "b", "3"}, OwnerId{3003}).error().code, Errc::queue_full);
  expect_balance();
}

TEST_P(Lanes, ALaneGivenAwayIsBackWhenItsGroupIsLost) {
  fill_table();
  const auto lane = must([](Store& s) { return s.summarise_queue(); })[7];
  cancel_in(lane.lane, maker(7));
  tick();
  purge();
  ASSERT_TRUE(store_->begin_transaction().has_value());
  store_->begin_verb();
  ASSERT_TRUE(store_->accept(request(kAnna, "{}", 1, kLane), now_).has_value());
  EXPECT_EQ(store_->end_verb(false), TransactionalStore::TransactionState::lost);
  EXPECT_TRUE(offer(lane.lane).has_value());
  EXPECT_EQ(must([](Store& s) { return s.summarise_queue(); })[7].id, lane.id);
  EXPECT_EQ(offer(kLane).error().code, Errc::queue_full);
}

RUN_FOR_EVERY_STORE(Lanes);

}  // namespace
}  // namespace batchd::storage::testing
