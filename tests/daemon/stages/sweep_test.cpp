// sweep: jobs that shouldn't be at the provider are found, without guessing.
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Sweep : public World {
 protected:
  Job& stranger() { return gemini.add_job("batchd-test-somebody-elses", "files/not-ours"); }
};

TEST_F(Sweep, AStrangeJobStopsTheAccountUntilAPersonHasLooked) {
  uploaded(3);
  stranger();
  look(Which::sweep);
  EXPECT_NE(account_detail().find("batchctl attention"), std::string::npos) << account_detail();
  const auto waiting = accept_many(10);
  pass(1h);
  restart();  // and that is not forgotten
  EXPECT_NE(account_detail(), "");
  pass(1h);
  EXPECT_EQ(gemini.count(Endpoint::create), 0U);
  EXPECT_EQ(gemini.count(Endpoint::cancel), 0U);
  EXPECT_EQ(states(waiting), std::vector(10, RequestState::queued));

  accept_strange_jobs();
  EXPECT_EQ(account_detail(), "");
  look(Which::sweep);  // sees it again
  EXPECT_EQ(account_detail(), "");
  pass(1h);
  EXPECT_EQ(gemini.count(Endpoint::create), 2U);
  EXPECT_EQ(gemini.count(Endpoint::cancel), 0U);
}

TEST_F(Sweep, AnOperatorsWordEndsTheAccountsPauseForAllStages) {
  uploaded(3);
  gemini.always(Endpoint::create, says_error(403, "PERMISSION_DENIED", "billing is off"));
  pass(2h);  // pauses of minutes
  ASSERT_TRUE(account_paused());
  gemini.properly_again(Endpoint::create);
  accept_strange_jobs();  // there are none, and the pause ends
  pass(1min);
  EXPECT_EQ(batches(BatchState::submitted).size(), 2U);  // it was cut once
}

TEST_F(Sweep, OthersJobsOldOnesAndOursAreNotStrange) {
  submitted(3);
  gemini.add_job("batchd-another-installations", "files/a");
  gemini.add_job("by-hand", "files/b");
  stranger().state = "BATCH_STATE_SUCCEEDED";   // nobody knows when: perhaps long ago
  stranger().created = "2020-01-01T00:00:00Z";  // beyond what is kept here
  look(Which::sweep);
  EXPECT_EQ(account_detail(), "");
  stranger().created = "2027-01-15T07:00:00Z";  // an hour ago
  advance_clock(config.submission.sweep_every);
  look(Which::sweep);
  EXPECT_NE(account_detail(), "");
}

TEST_F(Sweep, AStrangeJobThatHasEndedCountsToo) {
  uploaded(3);
  auto& ended = stranger();
  ended.state = "BATCH_STATE_SUCCEEDED";
  ended.created = "2027-01-15T07:00:00Z";  // an hour ago: nothing as young as that was ever purged
  look(Which::sweep);
  EXPECT_NE(account_detail(), "");
  pass(1h);
  EXPECT_EQ(gemini.count(Endpoint::create), 0U) << "what it has done may be what waits here";
}

TEST_F(Sweep, AJobOfAFencedBatchIsCancelledAndAlarmedOnce) {
  const auto id = uploaded(3).id;
  gemini.next(Endpoint::create, no_answer());
  pass(2h);
  ASSERT_TRUE(batch(id).fence_begun);
  ASSERT_EQ(batch(id).state, BatchState::done);
  const auto& late = gemini.add_job(batch(id).tag, "files/" + upload_name(id, 1));
  const auto name = late.name;
  gemini.next(Endpoint::cancel, says(503, "busy"));
  pass(3h, {Which::sweep});
  ASSERT_EQ(gemini.count(Endpoint::cancel), 2U);
  EXPECT_EQ(gemini.seen(Endpoint::cancel).back().thing, name);
  EXPECT_EQ(fenced_jobs_found(), 1);
  EXPECT_EQ(account_detail(), "");
}

// Something between us and the provider has sent the create twice, and one of the answers came.
TEST_F(Sweep, ASecondJobOfABatchIsCancelledAndItsOwnIsNot) {
  const auto mine = submitted(3);
  const auto second = gemini.add_job(mine.tag, mine.input_file).name;
  gemini.jobs.front().created = "2027-01-15T08:00:00Z";  // now
  gemini.next(Endpoint::cancel, says(503, "busy"));
  pass(3h, {Which::sweep});
  ASSERT_EQ(gemini.count(Endpoint::cancel), 2U);
  EXPECT_EQ(gemini.seen(Endpoint::cancel).back().thing, second);
  EXPECT_EQ(account_detail(), "");
  EXPECT_EQ(batch(mine.id).job, mine.job);
}

TEST_F(Sweep, AJobWithATagOfOursFromAnotherTimeIsLeftAlone) {
  const auto mine = submitted(3);
  gemini.add_job(mine.tag, mine.input_file).created = "2027-01-15T03:00:00Z";  // five hours before: a copy's, perhaps
  pass(3h, {Which::sweep});
  EXPECT_EQ(gemini.count(Endpoint::cancel), 0U);
}

TEST_F(Sweep, AListingThatFailsChangesNothing) {
  stranger();
  gemini.always(Endpoint::list, says(503, "busy"));
  pass(1h, {Which::sweep});
  EXPECT_EQ(account_detail(), "");
  EXPECT_GE(gemini.count(Endpoint::list), 10U);
  EXPECT_LE(gemini.count(Endpoint::list), 40U);
  gemini.properly_again(Endpoint::list);
  pass(10min, {Which::sweep});
  EXPECT_NE(account_detail(), "");
}

TEST_F(Sweep, NothingIsCreatedBeforeTheFirstListing) {
  survey_first = true;
  gemini.always(Endpoint::list, says(503, "busy"));
  accept_many(10);
  auto all = kAll;
  all.push_back(Which::sweep);
  pass(5min, all);
  EXPECT_EQ(batches(BatchState::uploaded).size(), 1U);
  EXPECT_EQ(gemini.count(Endpoint::create), 0U);
  gemini.properly_again(Endpoint::list);
  pass(10min, all);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
}

TEST_F(Sweep, AProviderThatCanNotListStopsNobodyForEver) {
  survey_first = true;
  gemini.always(Endpoint::list, says(503, "busy"));
  accept_many(10);
  auto all = kAll;
  all.push_back(Which::sweep);
  pass(config.submission.quarantine * 2, all);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
}

}  // namespace
}  // namespace batchd::daemon::testing
