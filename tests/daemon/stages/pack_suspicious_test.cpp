// pack, of suspicious queues: apart from everything else, a few at a time, and never in anybody's way.
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

// Anna's requests come to her suspicious queue as settle brings them there.
class PackSuspicious : public World {
 protected:
  std::vector<RequestId> suspect(int count) {
    config.packing.limits.items = count;
    const auto id = uploaded(count).id;
    ask([&](Store& store) -> Result<bool> {
      for (const auto& [from, to] : {std::pair(BatchState::uploaded, BatchState::creating),
                                     std::pair(BatchState::creating, BatchState::refused)})
        if (const auto moved = store.mark(id, from, to, {}, wall()); !moved) return moved.error();
      for (bool more = true; more;) {
        const auto moved = store.suspect_members(id, wall());
        if (!moved) return moved.error();
        more = moved->more;
      }
      const auto done = store.mark(id, BatchState::refused, BatchState::done, {}, wall());
      if (!done) return done.error();
      return true;
    });
    return ids_;
  }
  std::vector<Batch> suspicious_batches() {
    auto all = batches();
    std::erase_if(all, [](const Batch& batch) { return !batch.suspicious; });
    return all;
  }
};

TEST_F(PackSuspicious, TheyLeaveApartAFewAtATimeAndInTime) {
  const auto suspects = suspect(80);
  flush();
  pass(kSuspiciousPace - 1ms, {Which::pack});
  EXPECT_EQ(suspicious_batches().size(), 0U) << "full, old and flushed";
  const auto good = accept_many(5, kBob);
  const auto also_good = accept_many(5, kAnna);
  flush();
  pass(1ms, {Which::pack});
  ASSERT_EQ(suspicious_batches().size(), 1U);
  EXPECT_EQ(suspicious_batches()[0].items, kSuspiciousItemsMax);
  const auto regular = request(good[0], kBob).batch;
  EXPECT_EQ(batch(regular).items, 10) << "the others aren't kept waiting";
  EXPECT_FALSE(batch(regular).suspicious);
  EXPECT_EQ(request(also_good[0]).batch, regular);
  EXPECT_EQ(request(suspects[0]).batch, suspicious_batches()[0].id) << "the oldest go first";

  pass(30min, {Which::pack});
  EXPECT_EQ(suspicious_batches().size(), 1U) << "it hasn't had its create yet";
  pass(0s, {Which::pack, Which::submit});
  pass(kSuspiciousPace - 1ms, {Which::pack, Which::submit});
  EXPECT_EQ(suspicious_batches().size(), 1U);
  pass(1min, {Which::pack, Which::submit});
  EXPECT_EQ(suspicious_batches().size(), 2U);
}

TEST_F(PackSuspicious, TheyLeaveTheSlotsToTheOthers) {
  config.accounts.at("default").max_jobs = 4;
  suspect(80);
  config.packing.limits.items = 10;
  restart();
  accept_many(30);  // three batches: more than half of the slots
  pass(1h, {Which::pack, Which::submit, Which::poll});
  EXPECT_EQ(batches(BatchState::submitted).size(), 3U);
  EXPECT_EQ(suspicious_batches().size(), 0U);
  gemini.finish_all();
  pass(1h);
  EXPECT_GE(suspicious_batches().size(), 1U);
}

TEST_F(PackSuspicious, AfterAllTheirTimeAnOperatorDecides) {
  suspect(80);
  advance_clock(kSuspicionTimeMax);
  pass(1h, {Which::pack});
  EXPECT_EQ(suspicious_batches().size(), 0U);
  ask([&](Store& store) { return store.renew_suspicion({}, wall()); });
  pass(1h, {Which::pack});
  EXPECT_EQ(suspicious_batches().size(), 1U);
}

// The provider counts a model's tokens, whatever queue of ours they come from.
TEST_F(PackSuspicious, TheirJobsCountForTheLane) {
  suspect(80);
  pass(kSuspiciousPace, {Which::pack, Which::submit});
  ASSERT_EQ(suspicious_batches().size(), 1U);
  ASSERT_EQ(suspicious_batches()[0].state, BatchState::submitted);
  learned({1, suspicious_batches()[0].tokens, wall()});
  const auto good = accept_many(10, kBob);
  flush();
  pass(4min, {Which::pack, Which::submit});
  EXPECT_EQ(states(good, kBob), std::vector(10, RequestState::queued));
  gemini.finish_all();
  pass(4min, {Which::pack, Which::submit, Which::poll});
  EXPECT_EQ(batch(request(good[0], kBob).batch).state, BatchState::submitted);
}

}  // namespace
}  // namespace batchd::daemon::testing
