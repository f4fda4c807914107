// reconcile: listings decide whether a job exists, and until they have decided nothing is sent again.
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Reconcile : public World {
 protected:
  // A batch of three whose create was not answered. `done`: its job exists all the same.
  BatchId unclear(bool done) {
    const auto id = uploaded(3).id;
    gemini.next(Endpoint::create, done ? done_but_unanswered() : no_answer());
    look(Which::submit);
    CHECK(batch(id).state == BatchState::unclear);
    return id;
  }
  void wait(Duration span) { pass(span, {Which::submit, Which::reconcile}); }
};

TEST_F(Reconcile, AJobOnTheSecondPageIsAdopted) {
  const auto id = unclear(true);
  gemini.page_size = 1;
  const auto ours = gemini.only_job().name;
  gemini.add_job("somebody-else", "files/other");
  look(Which::reconcile);
  EXPECT_EQ(gemini.count(Endpoint::list), 2U);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  EXPECT_EQ(batch(id).job, ours);
  wait(2h);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
  EXPECT_EQ(gemini.count(Endpoint::remove), 0U);
}

TEST_F(Reconcile, AJobIsKnownByItsFileToo) {
  const auto id = unclear(true);
  gemini.only_job().tag = "renamed";
  look(Which::reconcile);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
}

TEST_F(Reconcile, ListsAtGrowingPausesUntilTheQuarantineIsOver) {
  const auto id = unclear(false);
  std::vector<Duration> at;
  const auto since = wall();
  gemini.always(Endpoint::list, [&](Call&, const std::function<HttpEvent()>& properly) {
    at.push_back(wall() - since);
    return properly();
  });
  wait(config.submission.quarantine - 1ms);
  EXPECT_EQ(batch(id).state, BatchState::unclear);
  EXPECT_EQ(at, (std::vector<Duration>{0s, 5s, 20s, 50s, 110s, 230s, 470s, 770s}));
  EXPECT_EQ(gemini.count(Endpoint::remove), 0U);
  advance_clock(1ms);
  look(Which::reconcile);
  EXPECT_EQ(batch(id).state, BatchState::fencing);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
}

TEST_F(Reconcile, AJobThatShowsLateIsAdopted) {
  const auto id = unclear(false);
  wait(config.submission.quarantine / 2);
  gemini.add_job(batch(id).tag, "files/" + upload_name(id, 1));
  wait(config.submission.quarantine / 2);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
}

TEST_F(Reconcile, AListingThatFailsProvesNothing) {
  const std::vector<std::pair<const char*, FakeGemini::Reaction>> faults{
      {"503", says(503, "busy")},
      {"no answer", no_answer()},
      {"not sent", not_sent()},
      {"429", says_error(429, "RESOURCE_EXHAUSTED", "slow down")},
      {"html", says(200, "<html></html>")},
      {"an error inside a 200", says(200, error_body(500, "INTERNAL", "oops"))},
      {"a listing without its second page",
       [](Call& call, const std::function<HttpEvent()>&) {
         return call.thing.empty() ? reply(200, R"({"operations":[],"nextPageToken":"1"})") : reply(503, "busy");
       }},
      {"a listing that goes in circles", says(200, R"({"operations":[],"nextPageToken":"1"})")},
      {"401", says_error(401, "UNAUTHENTICATED", "who?")},
  };
  const auto id = unclear(false);
  for (const auto& [name, fault] : faults) {
    SCOPED_TRACE(name);
    gemini.always(Endpoint::list, fault);
    wait(2 * config.submission.quarantine);
    EXPECT_EQ(batch(id).state, BatchState::unclear);
    EXPECT_EQ(gemini.count(Endpoint::create), 1U);
    EXPECT_EQ(gemini.count(Endpoint::remove), 0U);
  }
}

TEST_F(Reconcile, OfTwoJobsTheMoreAdvancedIsAdoptedAndTheOtherCancelled) {
  const auto id = unclear(true);
  const auto first = gemini.only_job().name;
  const auto second = gemini.add_job(batch(id).tag, "files/" + upload_name(id, 1)).name;
  gemini.jobs[1].state = "BATCH_STATE_RUNNING";
  look(Which::reconcile);
  EXPECT_EQ(batch(id).job, first);
  ASSERT_EQ(gemini.count(Endpoint::cancel), 1U);
  EXPECT_EQ(gemini.seen(Endpoint::cancel).at(0).thing, second);
}

TEST_F(Reconcile, OnAmbiguousHoldWaitsForAPerson) {
  config.submission.on_ambiguous = config::OnAmbiguous::hold;
  const auto id = unclear(false);
  wait(config.submission.quarantine);
  wait(24h);
  EXPECT_EQ(batch(id).state, BatchState::held);
  EXPECT_FALSE(batch(id).message.empty());
  EXPECT_EQ(gemini.count(Endpoint::remove), 0U);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::packed));
}

TEST_F(Reconcile, AfterThreeFencesOfALineageAPersonLooks) {
  uploaded(3);
  gemini.always(Endpoint::create, no_answer());
  pass(24h);
  EXPECT_EQ(gemini.count(Endpoint::create), static_cast<std::size_t>(kFencesPerLineageMax) + 1);
  ASSERT_EQ(batches(BatchState::held).size(), 1U);
  EXPECT_EQ(batches(BatchState::held)[0].fences, kFencesPerLineageMax);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::packed));
  EXPECT_TRUE(balanced());
}

TEST_F(Reconcile, ANewKeyOfAnotherProjectHolds) {
  const auto id = unclear(true);
  use_key("key-2");
  gemini.always(Endpoint::check, says_error(403, "PERMISSION_DENIED", "... or it may not exist."));
  gemini.always(Endpoint::file_list, says(200, "{}"));
  gemini.always(Endpoint::list, says(200, "{}"));  // that project has no jobs, which proves nothing
  wait(24h);
  EXPECT_EQ(batch(id).state, BatchState::held);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
}

TEST_F(Reconcile, ANewKeyOfTheSameProjectGoesOn) {
  const auto id = unclear(true);
  use_key("key-2");
  look(Which::reconcile);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  EXPECT_EQ(batch(id).credential, "key-2");
}

TEST_F(Reconcile, AKeyThatSeesNothingForNowDecidesNothing) {
  const auto id = unclear(true);
  use_key("key-2");
  gemini.always(Endpoint::check, says(503, "busy"));
  wait(24h);
  EXPECT_EQ(batch(id).state, BatchState::unclear);
}

}  // namespace
}  // namespace batchd::daemon::testing
