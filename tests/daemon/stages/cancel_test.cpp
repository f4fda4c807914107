// Cancelling and deadlines: a batch without waiting members is never created, or its job is cancelled; a batch with
// waiting members goes on undisturbed.
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Cancel : public World {};

TEST_F(Cancel, ADesertedBatchIsNeverCreated) {
  struct Row {
    const char* name;
    std::function<BatchId()> until;
  };
  const std::vector<Row> rows{
      {"sealed", [&] { return packed(3).id; }},
      {"uploading",
       [&] {
         packed(3);
         look(Which::submit);
         gemini.next(Endpoint::start, says(503, "busy"));
         look(Which::submit);
         return batches(BatchState::uploading).at(0).id;
       }},
      {"uploaded", [&] { return uploaded(3).id; }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const auto id = row.until();
    cancel(ids_);
    pass(0s);
    EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::done));
    EXPECT_EQ(states(ids_), std::vector(3, RequestState::cancelled));
    pass(1h);
    EXPECT_EQ(gemini.count(Endpoint::create), 0U);
    EXPECT_TRUE(gemini.files.empty());
    EXPECT_TRUE(balanced());
    start_over();
  }
}

TEST_F(Cancel, AThrottledOneIsLookedAtAtOnce) {
  const auto id = uploaded(1).id;
  gemini.next(Endpoint::create, says_error(429, "RESOURCE_EXHAUSTED", "quota"));
  look(Which::submit);
  look(Which::reconcile);
  look(Which::submit);
  ASSERT_EQ(batch(id).state, BatchState::uploaded);
  cancel(ids_);
  pass(0s);
  EXPECT_EQ(batch(id).state, BatchState::done);
}

TEST_F(Cancel, AJobThatNobodyWaitsForIsAskedToStopOnce) {
  const auto id = submitted(3).id;
  look(Which::poll);
  gemini.next(Endpoint::cancel, says(503, "busy"));
  cancel({ids_[0], ids_[1]});
  pass(1h, {Which::poll});
  EXPECT_EQ(gemini.count(Endpoint::cancel), 0U) << "one still waits";
  cancel(ids_[2]);
  look(Which::poll);
  EXPECT_EQ(gemini.count(Endpoint::cancel), 1U) << "at once, whatever its timer said";
  EXPECT_FALSE(batch(id).cancel_asked);
  pass(1h);
  EXPECT_EQ(gemini.count(Endpoint::cancel), 2U);
  EXPECT_TRUE(batch(id).cancel_asked);
  EXPECT_EQ(batch(id).end, JobEnd::cancelled);
  EXPECT_EQ(batch(id).state, BatchState::done);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::cancelled));
  EXPECT_TRUE(balanced());
}

TEST_F(Cancel, AJobThatEndsAllTheSameHasItsLinesDropped) {
  const auto id = submitted(3).id;
  gemini.always(Endpoint::cancel, says(200, "{}"));  // and goes on
  cancel(ids_);
  pass(10min);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  gemini.finish_all();
  pass(1h);
  EXPECT_EQ(batch(id).state, BatchState::done);
  EXPECT_EQ(batch(id).lines.dropped, 3);
  EXPECT_EQ(gemini.count(Endpoint::cancel), 1U);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::cancelled));
}

TEST_F(Cancel, WhatIsLeftOfABatchIsDelivered) {
  const auto id = submitted(3).id;
  cancel(ids_[1]);
  gemini.finish_all();
  pass(1h);
  EXPECT_EQ(states(ids_), (std::vector{RequestState::succeeded, RequestState::cancelled, RequestState::succeeded}));
  EXPECT_EQ(batch(id).lines.dropped, 1);
  EXPECT_EQ(response_of(ids_[2]), R"({"echo":{"n":2}})");
  EXPECT_EQ(gemini.count(Endpoint::cancel), 0U);
}

TEST_F(Cancel, NothingIsHeldForNobody) {
  const auto no_output = [&] { gemini.only_job().state = "BATCH_STATE_SUCCEEDED"; };
  const auto no_file = [&] {
    gemini.finish(gemini.only_job(), {});
    gemini.files.erase(gemini.only_job().output);
  };
  const auto failed = [&] { gemini.fail(gemini.only_job(), 3, "one of them is bad"); };
  for (const std::function<void()>& end : std::vector<std::function<void()>>{no_output, no_file, failed}) {
    const auto id = submitted(4).id;
    gemini.always(Endpoint::cancel, says(200, "{}"));
    end();
    cancel(ids_);
    pass(24h);
    EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::done));
    EXPECT_EQ(gemini.count(Endpoint::create), 1U);
    EXPECT_TRUE(balanced());
    start_over();
  }
}

TEST_F(Cancel, ARefusedOrFencedBatchOfNobodyHasNoChildren) {
  const auto refused = uploaded(4).id;
  gemini.next(Endpoint::create, says_error(400, "INVALID_ARGUMENT", "no"));
  look(Which::submit);
  ASSERT_EQ(batch(refused).state, BatchState::refused);
  cancel(ids_);
  pass(1h);
  EXPECT_EQ(batch(refused).state, BatchState::done);

  ids_ = accept_many(10);
  gemini.next(Endpoint::create, no_answer());
  pass(0s, {Which::pack, Which::submit});
  ASSERT_EQ(batches(BatchState::unclear).size(), 1U);
  cancel(ids_);
  pass(2h);
  EXPECT_EQ(batches(BatchState::done).size(), 2U);
  EXPECT_EQ(batches().size(), 2U);
  EXPECT_EQ(gemini.count(Endpoint::create), 2U);
}

class Deadlines : public World {};

TEST_F(Deadlines, EndWhereverTheRequestIs) {
  const auto queued = accept_due("{\"n\":1}", 30s, true);
  const auto kept = accept_due("{\"n\":2}", 30s, false);
  EXPECT_EQ(look(Which::deadlines), Duration(30s));
  advance_clock(30s - 1ms);
  look(Which::deadlines);
  EXPECT_EQ(request(queued).state, RequestState::queued);
  advance_clock(1ms);
  look(Which::deadlines);
  EXPECT_EQ(request(queued).state, RequestState::expired);
  EXPECT_EQ(request(kept).state, RequestState::queued);
  EXPECT_TRUE(balanced());
}

TEST_F(Deadlines, AJobWhoseRequestsHaveAllExpiredIsCancelled) {
  const auto one = accept_due("{\"n\":1}", 10min, true);  // leaves at once: an hour and a half would be needed
  pass(0s, {Which::pack, Which::submit});
  ASSERT_EQ(only_batch().state, BatchState::submitted);
  auto all = kAll;
  all.push_back(Which::deadlines);
  pass(1h, all);
  EXPECT_EQ(request(one).state, RequestState::expired);
  EXPECT_EQ(gemini.count(Endpoint::cancel), 1U);
  EXPECT_EQ(only_batch().state, BatchState::done);
}

}  // namespace
}  // namespace batchd::daemon::testing
