// poll: only a state reported by the provider ends a job; everything else proves nothing about it.
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Poll : public World {
 protected:
  void wait(Duration span) { pass(span, {Which::reconcile, Which::poll, Which::collect}); }
};

TEST_F(Poll, WhatProvesNothingChangesNothing) {
  const auto id = submitted(3).id;
  const auto state_is = [](std::string state) {
    return [=](Call& call, const std::function<HttpEvent()>&) {
      return reply(200, "{\"name\":\"" + call.thing + "\",\"metadata\":{\"state\":\"" + state + "\"}}");
    };
  };
  const std::vector<std::pair<const char*, FakeGemini::Reaction>> looks{
      {"pending", state_is("BATCH_STATE_PENDING")},
      {"running", state_is("BATCH_STATE_RUNNING")},
      {"queued, in the other dialect", state_is("JOB_STATE_QUEUED")},
      {"a state nobody knows", state_is("BATCH_STATE_HIBERNATING")},
      {"a known word in an unknown dialect", state_is("MY_STATE_SUCCEEDED")},
      {"no state", state_is("")},
      {"503", says(503, "busy")},
      {"500", says_error(500, "INTERNAL", "oops")},
      {"429", says_error(429, "RESOURCE_EXHAUSTED", "slow down")},
      {"reset", no_answer()},
      {"not sent", not_sent()},
      {"html", says(200, "<html></html>")},
      {"another job", says(200, R"({"name":"batches/other","metadata":{"state":"BATCH_STATE_FAILED"}})")},
      {"401", says_error(401, "UNAUTHENTICATED", "who?")},
      {"404 in nobody's form", says(404, "not here")},
  };
  for (const auto& [name, reaction] : looks) {
    SCOPED_TRACE(name);
    gemini.calls.clear();
    gemini.always(Endpoint::poll, reaction);
    wait(1h);
    EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::submitted));
    EXPECT_GE(gemini.count(Endpoint::poll), 10U);
    EXPECT_LE(gemini.count(Endpoint::poll), 80U);
  }
  gemini.properly_again(Endpoint::poll);
  gemini.finish_all();
  wait(10min);
  EXPECT_EQ(batch(id).state, BatchState::done);
}

TEST_F(Poll, EitherDialectEndsAJob) {
  for (const std::string prefix : {"BATCH_STATE_", "JOB_STATE_"}) {
    SCOPED_TRACE(prefix);
    accept_many(10);
    pass(0s, {Which::pack, Which::submit});
    auto& job = gemini.jobs.front();
    gemini.finish(job, gemini.good_lines(job.file));
    job.state = prefix + "SUCCEEDED";
    advance_clock(10min);
    look(Which::poll);
    EXPECT_EQ(batches().back().state, BatchState::ended);
    EXPECT_EQ(batches().back().end, JobEnd::succeeded);
    EXPECT_EQ(batches().back().results, std::vector<std::string>{job.output});
  }
}

TEST_F(Poll, A404IsAGraceAndTheJobMayComeBack) {
  const auto id = submitted(3).id;
  gemini.always(Endpoint::poll, says_error(404, "NOT_FOUND", "Requested entity was not found."));
  look(Which::poll);
  EXPECT_EQ(batch(id).state, BatchState::lost);
  wait(config.polling.lost_grace - 1s);
  EXPECT_EQ(batch(id).state, BatchState::lost);
  EXPECT_EQ(gemini.count(Endpoint::list), 0U);
  gemini.properly_again(Endpoint::poll);
  advance_clock(1s);
  look(Which::reconcile);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  gemini.finish_all();
  wait(10min);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::succeeded));
}

TEST_F(Poll, AJobThatStaysLostIsHeldAndNeverSentAgain) {
  const auto id = submitted(3).id;
  gemini.always(Endpoint::poll, says_error(404, "NOT_FOUND", "Requested entity was not found."));
  gemini.jobs.clear();
  pass(24h);
  EXPECT_EQ(batch(id).state, BatchState::held);
  EXPECT_EQ(batches().size(), 1U);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::packed));
}

TEST_F(Poll, ALostJobThatAListingShowsIsAdopted) {
  const auto id = submitted(3).id;
  const auto name = batch(id).job;
  gemini.only_job().name = "batches/renamed";
  look(Which::poll);
  wait(config.polling.lost_grace);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  EXPECT_EQ(batch(id).job, "batches/renamed");
}

TEST_F(Poll, ALostJobIsNotHeldOnHalfAListing) {
  const auto id = submitted(3).id;
  gemini.jobs.clear();
  gemini.always(Endpoint::list, says(503, "busy"));
  wait(24h);
  EXPECT_EQ(batch(id).state, BatchState::lost);
}

TEST_F(Poll, SuccessWithoutOutputWaitsForIt) {
  const auto id = submitted(3).id;
  gemini.only_job().state = "BATCH_STATE_SUCCEEDED";
  look(Which::poll);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  wait(config.polling.output_grace - 1min);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  gemini.finish(gemini.only_job(), gemini.good_lines(gemini.only_job().file));
  wait(5min);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::succeeded));
}

TEST_F(Poll, SuccessThatNeverHasOutputIsHeld) {
  const auto id = submitted(3).id;
  gemini.only_job().state = "BATCH_STATE_SUCCEEDED";
  pass(24h);
  EXPECT_EQ(batch(id).state, BatchState::held);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::packed));
}

TEST_F(Poll, OneJobsTroubleTouchesNoOther) {
  accept_many(20);
  pass(0s, {Which::pack, Which::submit});
  const auto bad = gemini.jobs.back().name;
  gemini.always(Endpoint::poll, [=](Call& call, const std::function<HttpEvent()>& properly) {
    return call.thing == bad ? reply(503, "busy") : properly();
  });
  gemini.finish_all();
  wait(10min);
  EXPECT_EQ(batches(BatchState::done).size(), 1U);
  EXPECT_EQ(batches(BatchState::submitted).size(), 1U);
}

}  // namespace
}  // namespace batchd::daemon::testing
