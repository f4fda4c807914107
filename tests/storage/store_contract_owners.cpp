// Owners with names, their use of the queue, and jobs that shouldn't be at the provider.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum BatchState;

class Owners : public ContractStories {
 protected:
  OwnerId named(const std::string& name) {
    return must([&](Store& s) { return s.owner_named(name); });
  }
};

TEST_P(Owners, ANameIsOneOwnerForGood) {
  const auto build = named("build");
  EXPECT_EQ(build.value(), (std::int64_t{1} << 32) + 1);  // above every uid's
  EXPECT_GT(build, owner_of_uid(UINT32_MAX));
  const auto night = named("night");
  EXPECT_GT(night, build);
  reopen();
  EXPECT_EQ(named("build"), build);
  EXPECT_EQ(named("night"), night);
  EXPECT_GT(named("Build"), night);
}

TEST_P(Owners, ThoseWithTheMostUnfinishedComeFirst) {
  const auto build = named("build");
  accept_many(kBob, 2);
  collecting_batch({kBob});
  accept_many(build, 1);
  accept_many(kAnna, 4);
  for (const auto id : accept_many(OwnerId{5}, 5)) must([&](Store& s) { return s.cancel(OwnerId{5}, id, now_); });
  reopen();
  const auto owners = must([](Store& s) { return s.list_owners(10); });
  ASSERT_EQ(owners.size(), 4U);
  EXPECT_EQ(owners[0].owner, kAnna);
  EXPECT_EQ(owners[0].name, "");
  EXPECT_EQ(owners[0].requests, (std::array<std::int64_t, kRequestStates>{4, 0, 0, 0, 0, 0}));
  EXPECT_EQ(owners[1].owner, kBob);
  EXPECT_EQ(owners[1].requests, (std::array<std::int64_t, kRequestStates>{0, 2, 0, 0, 0, 0}));
  EXPECT_EQ(owners[2].owner, build);
  EXPECT_EQ(owners[2].name, "build");
  EXPECT_EQ(owners[3].requests, (std::array<std::int64_t, kRequestStates>{0, 0, 0, 0, 5, 0}));
  EXPECT_EQ(must([](Store& s) { return s.list_owners(2); }).size(), 2U);
}

TEST_P(Owners, StrangeJobsAreNotedOnceAndAcceptedByAccount) {
  const StrangeJob first{"jobs/1", "t1", "default", kStart, false};
  const StrangeJob second{"jobs/2", "t2", "other", kStart + 1s, false};
  for (const auto& job : {first, second}) must([&](Store& s) { return s.note_strange_job(job); });
  must([](Store& s) { return s.accept_strange_jobs("default"); });
  auto again = first;
  again.seen_at = kStart + 1h;
  must([&](Store& s) { return s.note_strange_job(again); });  // stays accepted
  reopen();
  const auto jobs = must([](Store& s) { return s.list_strange_jobs(); });
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].job, "jobs/2");
  EXPECT_EQ(jobs[0].tag, "t2");
  EXPECT_EQ(jobs[0].account, "other");
  EXPECT_EQ(jobs[0].seen_at, kStart + 1s);
  EXPECT_FALSE(jobs[0].accepted);
  EXPECT_EQ(jobs[1].job, "jobs/1");
  EXPECT_EQ(jobs[1].seen_at, kStart);
  EXPECT_TRUE(jobs[1].accepted);
}

TEST_P(Owners, ABatchIsFoundByItsTag) {
  accept(kAnna);
  const auto batch = sealed_batch({kAnna});
  BatchPatch intent;
  intent.tag = "tag";
  walk(batch, {uploading, uploaded});
  step(batch, creating, intent);
  reopen();
  const auto find = [&](const std::string& tag) { return must([&](Store& s) { return s.find_by_tag(tag); }); };
  ASSERT_TRUE(find("tag"));
  EXPECT_EQ(find("tag")->id, batch);
  EXPECT_EQ(find("tag")->state, creating);
  EXPECT_FALSE(find("tac"));
  EXPECT_FALSE(find(""));
}

TEST_P(Owners, FencedBatchesAreThoseWhoseJobNeverRan) {
  RequestId requeued;
  const auto fencing_batch = [&](const Lane& lane) {
    requeued = accept(kAnna, "{}", 1, lane);
    const auto batch = sealed_batch({kAnna});
    walk(batch, {uploading, uploaded, creating, unclear});
    BatchPatch begun;
    begun.fence_begun = true;
    step(batch, fencing, begun);
    return batch;
  };
  const auto fenced_now = fencing_batch(kLane);
  step(fenced_now, fenced);
  const auto fenced_and_done = fencing_batch(kLane);
  step(fenced_and_done, fenced);
  must([&](Store& s) { return s.split(fenced_and_done, SplitRule::whole, now_); });
  const auto adopted = fencing_batch(kLane);  // found after all, and ran
  step(adopted, submitted);
  BatchPatch over;
  over.ended_at = now_;
  step(adopted, ended, over);
  step(adopted, collecting);
  must([&](Store& s) { return s.settle_absent(adopted, {AbsentFate::requeue_free, false, {}}, 3, now_); });
  step(adopted, done);
  must([&](Store& s) { return s.cancel(kAnna, requeued, now_); });
  const auto elsewhere = fencing_batch({"other", "answers", "m"});
  step(elsewhere, fenced);
  const auto ids = [&](const std::string& account, WallTime since) {
    std::vector<BatchId> found;
    for (const auto& batch : must([&](Store& s) { return s.list_fenced(account, since); })) found.push_back(batch.id);
    std::sort(found.begin(), found.end());
    return found;
  };
  reopen();
  EXPECT_EQ(ids("default", now_), (std::vector{fenced_now, fenced_and_done}));
  EXPECT_EQ(ids("other", now_), std::vector{elsewhere});
  EXPECT_TRUE(ids("default", now_ + 1ms).empty());
}

RUN_FOR_EVERY_STORE(Owners);

}  // namespace
}  // namespace batchd::storage::testing
