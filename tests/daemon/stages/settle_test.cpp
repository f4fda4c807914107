// settle and cleanup: refused, fenced and unsealed members go where they belong; files don't stay.
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Settle : public World {
 protected:
  // Everything, with every job that is made ending well.
  void let_it_run(int rounds = 30) {
    for (int i = 0; i < rounds; ++i) {
      pass(5min);
      gemini.finish_all();
    }
  }
  std::vector<RequestId> of(const std::vector<RequestId>& ids, RequestState state) {
    std::vector<RequestId> some;
    for (const auto id : ids)
      if (request(id).state == state) some.push_back(id);
    return some;
  }
};

TEST_F(Settle, ThePoisonFailsAloneWithTheProvidersWords) {
  config.packing.limits.items = 16;
  for (const int place : {0, 5, 15}) {
    SCOPED_TRACE(place);
    gemini.calls.clear();
    gemini.poison = "poison";
    std::vector<RequestId> ids;
    for (int i = 0; i < 16; ++i)
      ids.push_back(accept(i == place ? "{\"n\":\"poison\"}" : "{\"n\":" + std::to_string(i) + "}"));
    let_it_run();
    const auto failed = of(ids, RequestState::failed);
    ASSERT_EQ(failed, std::vector{ids[static_cast<std::size_t>(place)]});
    EXPECT_EQ(of(ids, RequestState::succeeded).size(), 15U);
    EXPECT_EQ(request(failed[0]).error->message, "a word that it doesn't like");
    EXPECT_EQ(request(failed[0]).error->code, 3);
    EXPECT_EQ(request(failed[0]).error->source, ErrorSource::provider);
    EXPECT_EQ(request(ids[1 + static_cast<std::size_t>(place) % 14]).attempts, 0);
    EXPECT_LE(gemini.count(Endpoint::create), 2U * 4 + 2);
    EXPECT_TRUE(balanced());
  }
}

TEST_F(Settle, ARestartBetweenAllSplitsChangesNothing) {
  config.packing.limits.items = 16;
  gemini.poison = "poison";
  std::vector<RequestId> ids;
  for (int i = 0; i < 16; ++i)
    ids.push_back(accept(i == 9 ? "{\"n\":\"poison\"}" : "{\"n\":" + std::to_string(i) + "}"));
  for (int i = 0; i < 60; ++i) {
    for (const auto stage : {Which::pack, Which::submit, Which::settle}) {
      look(stage);
      restart();
    }
    advance_clock(1s);
  }
  let_it_run(4);
  EXPECT_EQ(of(ids, RequestState::failed), std::vector{ids[9]});
  EXPECT_EQ(of(ids, RequestState::succeeded).size(), 15U);
  EXPECT_LE(gemini.count(Endpoint::create), 2U * 4 + 2);
  EXPECT_TRUE(balanced());
}

TEST_F(Settle, TwoOwnersAreCutApartFirst) {
  gemini.poison = "poison";
  const auto anna = accept_many(6, kAnna);
  auto bob = accept_many(3, kBob);
  bob.push_back(accept("{\"n\":\"poison\"}", kBob));
  pass(0s, {Which::pack});
  const auto parent = only_batch().id;
  pass(0s, {Which::submit});
  ASSERT_EQ(batch(parent).state, BatchState::refused);
  pass(0s, {Which::settle});
  EXPECT_EQ(batch(parent).state, BatchState::done);
  const auto children = batches(BatchState::sealed);
  ASSERT_EQ(children.size(), 2U);
  for (const auto& child : children) {
    EXPECT_EQ(child.parent, parent);
    const bool of_anna = request(anna[0]).batch == child.id;
    EXPECT_EQ(states(anna), std::vector(6, RequestState::packed));
    for (const auto id : anna) EXPECT_EQ(request(id).batch == child.id, of_anna);
    for (const auto id : bob) EXPECT_EQ(request(id, kBob).batch == child.id, !of_anna);
  }
  let_it_run();
  EXPECT_EQ(states(anna), std::vector(6, RequestState::succeeded));
  EXPECT_EQ(request(bob[3], kBob).state, RequestState::failed);
  EXPECT_EQ(request(bob[0], kBob).state, RequestState::succeeded);
}

// 2 x log2(1000) + 2 = 21.9
TEST_F(Settle, OneAmongAThousandCostsTwoCreatesForEachHalving) {
  config.packing.limits.items = 1000;
  config.submission.concurrency = 1;
  gemini.poison = "poison";
  for (const int place : {0, 389, 999}) {
    SCOPED_TRACE(place);
    gemini.calls.clear();
    std::vector<std::string> bodies(1000, "{\"n\":1}");
    bodies[static_cast<std::size_t>(place)] = "{\"n\":\"poison\"}";
    const auto ids = accept_all(bodies, kAnna);
    let_it_run(8);
    EXPECT_EQ(of(ids, RequestState::failed), std::vector{ids[static_cast<std::size_t>(place)]});
    EXPECT_EQ(of(ids, RequestState::succeeded).size(), 999U);
    EXPECT_LE(gemini.count(Endpoint::create), 21U);
  }
  EXPECT_TRUE(balanced());
}

TEST_F(Settle, ManyOwnersDoNotUseUpTheCreatesOfTheInnocent) {
  config.packing.limits.items = 1000;
  gemini.poison = "poison";
  constexpr int kOwners = 200;
  std::vector<std::pair<OwnerId, RequestId>> all;
  for (int i = 0; i < kOwners; ++i) {
    const OwnerId owner(2000 + i);
    for (int k = 0; k < 5; ++k)
      all.emplace_back(owner, accept(i == 77 && k == 2 ? "{\"n\":\"poison\"}" : "{\"n\":1}", owner));
  }
  let_it_run(8);
  std::vector<RequestId> failed;
  for (const auto& [owner, id] : all)
    if (request(id, owner).state != RequestState::succeeded) failed.push_back(id);
  EXPECT_EQ(failed, std::vector{all[77 * 5 + 2].second});
  EXPECT_LE(gemini.count(Endpoint::create), 30U);
}

TEST_F(Settle, NamedLinesFailAndTheRestGoesOnTogether) {
  const auto parent = uploaded(6).id;
  gemini.next(Endpoint::create,
              says_error(400, "INVALID_ARGUMENT", "Error on line 2: no such field.\\nError on line 5: no such field."));
  let_it_run();
  EXPECT_EQ(of(ids_, RequestState::failed), (std::vector{ids_[1], ids_[4]}));
  EXPECT_EQ(of(ids_, RequestState::succeeded).size(), 4U);
  EXPECT_EQ(request(ids_[1]).error->message, "no such field.");
  ASSERT_EQ(batches().size(), 2U);
  EXPECT_EQ(batches().back().items, 4);
  EXPECT_EQ(batches().back().parent, parent);
  EXPECT_EQ(gemini.count(Endpoint::create), 2U);
}

TEST_F(Settle, ALineThatDoesNotExistIsCutForInstead) {
  uploaded(4);
  gemini.always(Endpoint::create, says_error(400, "INVALID_ARGUMENT", "Error on line 77: no such field."));
  pass(1h);
  EXPECT_EQ(states(ids_), std::vector(4, RequestState::failed));
  EXPECT_EQ(gemini.count(Endpoint::create), 7U);
  EXPECT_TRUE(balanced());
}

TEST_F(Settle, NamedLinesOneByOneAreBoundedByThePart) {
  config.packing.limits.items = 100;
  gemini.always(Endpoint::create, says_error(400, "INVALID_ARGUMENT", "Error on line 1: no such field."));
  const auto ids = accept_many(100);
  pass(4min);
  EXPECT_EQ(of(ids, RequestState::failed).size(), static_cast<std::size_t>(kCreatesPerPartMax));
  EXPECT_EQ(of(ids, RequestState::queued).size(), 100U - kCreatesPerPartMax);
  EXPECT_EQ(gemini.count(Endpoint::create), static_cast<std::size_t>(kCreatesPerPartMax));
  pass(4h);
  EXPECT_EQ(of(ids, RequestState::failed).size(), 100U);
  EXPECT_EQ(gemini.count(Endpoint::create), 100U);
}

TEST_F(Settle, AllPoisonIsBoundedByThePart) {
  config.packing.limits.items = 100;
  gemini.always(Endpoint::create, says_error(400, "INVALID_ARGUMENT", "no"));
  const auto ids = accept_many(100);
  pass(4min);
  EXPECT_EQ(gemini.count(Endpoint::create), static_cast<std::size_t>(kCreatesPerPartMax));
  EXPECT_LT(of(ids, RequestState::failed).size(), 100U);
  pass(24h);
  EXPECT_EQ(of(ids, RequestState::failed).size(), 100U);
  EXPECT_EQ(request(ids[0]).error->message, "no");
}

TEST_F(Settle, AFileThatIsTooLargeIsCut) {
  gemini.always(Endpoint::create, [](Call&, const std::function<HttpEvent()>& properly) { return properly(); });
  uploaded(4);
  gemini.next(Endpoint::create, says(413, "too large"));
  let_it_run();
  EXPECT_EQ(states(ids_), std::vector(4, RequestState::succeeded));
  EXPECT_EQ(batches().size(), 3U);
}

TEST_F(Settle, AJobThatFailedAsAWholeIsCut) {
  const auto id = submitted(4).id;
  gemini.fail(gemini.only_job(), 3, "one of them is bad");
  pass(10min, {Which::poll, Which::collect, Which::settle});
  EXPECT_EQ(batch(id).state, BatchState::done);
  EXPECT_EQ(batches(BatchState::sealed).size(), 2U);
  let_it_run();
  EXPECT_EQ(states(ids_), std::vector(4, RequestState::succeeded));
  EXPECT_EQ(request(ids_[0]).attempts, 0);
}

TEST_F(Settle, UnsealedMembersGoBackToTheirPlace) {
  const auto id = packed(3).id;
  ask([&](Store& store) { return store.mark(id, BatchState::sealed, BatchState::unsealed, {}, wall()); });
  pass(0s, {Which::settle});
  EXPECT_EQ(batch(id).state, BatchState::done);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::queued));
  EXPECT_EQ(request(ids_[0]).attempts, 0);
  let_it_run();
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::succeeded));
}

class Cleanup : public World {
 protected:
  void finished() {
    submitted(3);
    gemini.finish_all();
    pass(10min, {Which::poll, Which::collect});
    CHECK(only_batch().state == BatchState::done);
    input_ = gemini.only_job().file;
  }
  std::string input_;
};

TEST_F(Cleanup, DeletesTheInputOnceTheBatchIsOver) {
  submitted(3);
  const auto input = gemini.only_job().file;
  pass(1h, {Which::cleanup});
  EXPECT_TRUE(gemini.files.contains(input));  // a job still reads it
  gemini.finish_all();
  pass(10min, {Which::poll, Which::collect, Which::cleanup});
  EXPECT_FALSE(gemini.files.contains(input));
  EXPECT_TRUE(only_batch().file_deleted);
  const auto removals = gemini.count(Endpoint::remove);
  pass(24h, {Which::cleanup});
  EXPECT_EQ(gemini.count(Endpoint::remove), removals);
}

TEST_F(Cleanup, WhatIsGoneIsDone) {
  accept_many(10);
  pass(0s, {Which::pack, Which::submit});
  gemini.finish_all();
  pass(10min, {Which::poll, Which::collect});
  gemini.next(Endpoint::remove, [this](Call& call, const std::function<HttpEvent()>& properly) {
    gemini.files.erase(call.thing);
    return properly();
  });
  pass(0s, {Which::cleanup});
  EXPECT_TRUE(only_batch().file_deleted);
  EXPECT_EQ(look(Which::cleanup), std::nullopt);
}

TEST_F(Cleanup, ATroubleIsTriedAgainLater) {
  finished();
  gemini.always(Endpoint::remove, says(503, "busy"));
  pass(1h, {Which::cleanup});
  EXPECT_FALSE(only_batch().file_deleted);
  EXPECT_GE(gemini.count(Endpoint::remove), 10U);
  EXPECT_LE(gemini.count(Endpoint::remove), 40U);  // at growing pauses
  gemini.properly_again(Endpoint::remove);
  pass(10min, {Which::cleanup});
  EXPECT_TRUE(only_batch().file_deleted);
  EXPECT_FALSE(gemini.files.contains(input_));
}

// More of them than one page of the listing holds.
TEST_F(Cleanup, FilesOfAnAccountThatIsGoneDoNotStandBeforeOthers) {
  core::NewRequest fresh;
  fresh.owner = kBob;
  fresh.lane = {"gone", "generateContent", "m"};
  fresh.body = "{}";
  ask([&](Store& store) { return store.accept(fresh, wall()); });
  const auto lane = ask([](Store& store) { return store.summarise_queue(); }).front().id;
  for (int i = 0; i < 120; ++i) {
    const auto id = ask([&](Store& store) { return store.open_batch(lane, core::SealReason::age, wall()); });
    ask([&](Store& store) { return store.seal(id, wall()); });
    const core::BatchPatch patch{.upload_n = 1};
    ask([&](Store& store) { return store.mark(id, BatchState::unsealed, BatchState::done, patch, wall()); });
  }
  accept_many(10);
  pass(0s, {Which::pack, Which::submit});
  const auto input = gemini.only_job().file;
  gemini.finish_all();
  pass(10min, {Which::poll, Which::collect});
  ASSERT_TRUE(gemini.files.contains(input));
  pass(0s, {Which::cleanup});
  EXPECT_FALSE(gemini.files.contains(input));
  EXPECT_TRUE(batches().back().file_deleted);
}

TEST_F(Cleanup, WhatHasLongVanishedIsNotAskedFor) {
  finished();
  advance_clock(100h);  // twice the lifetime of a file and more
  pass(0s, {Which::cleanup});
  EXPECT_TRUE(only_batch().file_deleted);
  EXPECT_EQ(gemini.count(Endpoint::remove), 0U);
}

}  // namespace
}  // namespace batchd::daemon::testing
