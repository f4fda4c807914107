// pack: when a lane's batch is sealed, which requests are in it, and when nothing may be sealed.
#include "proto/gemini/gemini.h"
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Pack : public World {};

TEST_F(Pack, LeavesForTheReasonThatIsStored) {
  struct Row {
    const char* name;
    SealReason reason;
    PackLimits limits;
    int items;
    Duration waits;
    std::int64_t taken;
  };
  // Bodies are {"n":N}: 7 bytes each below ten, and 10 tokens.
  const std::vector<Row> rows{
      {"items", SealReason::items, {.items = 3, .bytes = 1000, .tokens = 1000, .max_age = 60s}, 4, 0ms, 3},
      {"bytes", SealReason::bytes, {.items = 100, .bytes = 15, .tokens = 1000, .max_age = 60s}, 3, 0ms, 2},
      {"tokens", SealReason::tokens, {.items = 100, .bytes = 1000, .tokens = 25, .max_age = 60s}, 3, 0ms, 2},
      {"age", SealReason::age, {.items = 100, .bytes = 1000, .tokens = 1000, .max_age = 60s}, 3, 60s, 3},
  };
  std::int64_t before = 0;
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    config.packing.limits = row.limits;
    restart();
    std::vector<RequestId> ids;
    for (int i = 0; i < row.items; ++i) ids.push_back(accept("{\"n\":" + std::to_string(i) + "}"));
    advance_clock(row.waits);
    look(Which::pack);
    const auto all = batches();
    ASSERT_EQ(static_cast<std::int64_t>(all.size()), before + 1);
    EXPECT_EQ(all.back().state, BatchState::sealed);
    EXPECT_EQ(to_text(all.back().reason), to_text(row.reason));
    EXPECT_EQ(all.back().items, row.taken);
    advance_clock(60s);
    pass(0s, {Which::pack});  // the rest, so that the next row starts with an empty queue
    before = static_cast<std::int64_t>(batches().size());
  }
}

TEST_F(Pack, AgeIsExactAndArrivalsDoNotRearmIt) {
  const auto first = accept_many(1);
  advance_clock(30s);
  const auto second = accept_many(1);
  EXPECT_EQ(look(Which::pack), Duration(30s));
  advance_clock(30s - 1ms);
  EXPECT_EQ(look(Which::pack), Duration(1ms));
  EXPECT_TRUE(batches().empty());
  advance_clock(1ms);
  look(Which::pack);
  EXPECT_EQ(only_batch().items, 2);
  EXPECT_EQ(only_batch().reason, SealReason::age);
}

TEST_F(Pack, NothingQueuedMeansNothingToWaitFor) { EXPECT_EQ(look(Which::pack), std::nullopt); }

TEST_F(Pack, TwoOwnersShareABatch) {
  const auto many = accept_many(50, kAnna);
  const auto few = accept_many(3, kBob);
  look(Which::pack);
  EXPECT_EQ(only_batch().items, 10);
  EXPECT_EQ(states(few, kBob), std::vector(3, RequestState::packed));
  const auto of_anna = states(many, kAnna);
  EXPECT_EQ(std::count(of_anna.begin(), of_anna.end(), RequestState::packed), 7);
}

TEST_F(Pack, ManyBatchesLeaveOneAfterTheOther) {
  accept_many(25);
  pass(0s, {Which::pack});
  EXPECT_EQ(batches().size(), 2U);
  pass(60s, {Which::pack});
  ASSERT_EQ(batches().size(), 3U);
  EXPECT_EQ(batches().back().items, 5);
  EXPECT_TRUE(balanced());
}

TEST_F(Pack, WithoutAJobSlotNothingIsSealed) {
  config.accounts.at("default").max_jobs = 1;
  const auto ids = accept_many(20);
  pass(0s, {Which::pack});
  EXPECT_EQ(batches().size(), 1U);
  pass(1h, {Which::pack});
  EXPECT_EQ(batches().size(), 1U);
  const auto queued = states(ids);
  EXPECT_EQ(std::count(queued.begin(), queued.end(), RequestState::queued), 10);

  pass(1min, {Which::submit});
  gemini.finish_all();
  pass(10min);  // the job ends, its slot comes free
  EXPECT_EQ(batches().size(), 2U);
}

// The account was of another kind when the request came: its provider would understand nothing of the lane.
TEST_F(Pack, WhatTheProviderHasNoEndpointForWaits) {
  NewRequest other;
  other.owner = kAnna;
  other.lane = {kFlash.account, "an-endpoint-of-another-kind", "m"};
  other.body = "{}";
  const auto id = ask([&](Store& store) { return store.accept(other, wall()); }).id;
  const auto mine = accept_many(10);
  pass(1h);
  EXPECT_EQ(request(id).state, RequestState::queued);
  EXPECT_EQ(states(mine), std::vector(10, RequestState::packed));
}

TEST_F(Pack, NoMoreIsSealedThanTheStorageTakes) {
  const auto line = 7 + vendor.make()->frame_bytes(kFlash);
  config.accounts.at("default").max_stored = 4 * line;
  accept_many(10);
  pass(1h, {Which::pack});
  ASSERT_EQ(batches().size(), 1U) << "what is too much together goes in parts";
  EXPECT_EQ(batches().front().items, 4);
  pass(1h, {Which::pack});
  EXPECT_EQ(batches().size(), 1U) << "there is no room left";
}

TEST_F(Pack, TheUrgentGoFirst) {
  config.packing.limits.items = 3;
  const auto older = accept_many(5);
  const auto urgent = accept_due("{\"n\":\"urgent\"}", 90min + 5s, false);
  look(Which::pack);
  EXPECT_EQ(only_batch().reason, SealReason::items);
  EXPECT_EQ(request(urgent).state, RequestState::packed);
  const auto packed = states(older);
  EXPECT_EQ(packed, (std::vector{RequestState::packed, RequestState::packed, RequestState::queued, RequestState::queued,
                                 RequestState::queued}));
}

TEST_F(Pack, ALoneRequestLeavesForItsDeadline) {
  const auto id = accept_due("{\"n\":1}", 90min + 5s, false);
  pass(5s, {Which::pack});
  EXPECT_EQ(only_batch().reason, SealReason::deadline);
  EXPECT_EQ(request(id).state, RequestState::packed);
}

TEST_F(Pack, AFlushTakesWhatWasThereAndNoMore) {
  accept_many(12);
  flush({"default", "", ""});
  pass(0s, {Which::pack});
  ASSERT_EQ(batches().size(), 2U);
  EXPECT_EQ(batches()[0].reason, SealReason::items);
  EXPECT_EQ(batches()[1].reason, SealReason::flush);
  advance_clock(1ms);
  accept_many(1);
  EXPECT_EQ(look(Which::pack), Duration(60s));
  flush({"default", "", "another-model"});
  EXPECT_EQ(look(Which::pack), Duration(60s));
  EXPECT_EQ(batches().size(), 2U);
}

TEST_F(Pack, AnOperatorsPauseHoldsALane) {
  const auto pause = [&](const LaneSelector& lanes, bool on) {
    ask([&](Store& store) -> Result<bool> {
      const auto set = store.set_pause(lanes, on);
      if (!set) return set.error();
      return true;
    });
  };
  pause({"", "", "another-model"}, true);
  accept_many(10);
  pass(0s, {Which::pack});
  EXPECT_EQ(batches().size(), 1U);
  pause({"", "", kFlash.model}, true);
  accept_many(10);
  flush();
  pass(1h, {Which::pack});
  restart();
  pass(1h, {Which::pack});
  EXPECT_EQ(batches().size(), 1U);
  pause({}, false);
  pass(0s, {Which::pack});
  EXPECT_EQ(batches().size(), 2U);
}

TEST_F(Pack, ATrickleLeavesTheLastSlotsToTheFull) {
  config.accounts.at("default").max_jobs = 10;
  for (int i = 0; i < 20; ++i) {
    accept_many(1);
    pass(2min, {Which::pack});
  }
  pass(10h, {Which::pack});
  EXPECT_EQ(batches().size(), 8U);
  EXPECT_EQ(batches()[5].items, 1);
  EXPECT_EQ(batches()[6].items, 4) << "every seven and a half minutes: an hour for one lane on eight slots";
  accept_many(10);
  look(Which::pack);
  EXPECT_EQ(batches().size(), 9U);
  EXPECT_EQ(batches()[8].reason, SealReason::items);
}

TEST_F(Pack, APausedAccountSealsNothing) {
  uploaded(2);
  gemini.next(Endpoint::create, says_error(401, "UNAUTHENTICATED", "who?"));
  look(Which::submit);
  ASSERT_TRUE(account_paused());
  const auto ids = accept_many(10);
  look(Which::pack);
  EXPECT_EQ(batches().size(), 1U);
  EXPECT_EQ(states(ids), std::vector(10, RequestState::queued));
  advance_clock(config.retry.max);  // the pause is over: one is let through
  look(Which::pack);
  EXPECT_EQ(batches().size(), 2U);
}

}  // namespace
}  // namespace batchd::daemon::testing
