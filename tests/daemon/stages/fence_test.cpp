// fence: the members are sent again only when the file is proven to be gone for good.
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Fence : public World {
 protected:
  // A batch of three in state fencing: its create was not answered, and no listing showed a job.
  BatchId fencing() {
    const auto id = uploaded(3).id;
    gemini.next(Endpoint::create, no_answer());
    look(Which::submit);
    token_ = batch(id).tag;
    wait(config.submission.quarantine - 1ms);
    advance_clock(1ms);
    look(Which::reconcile);
    CHECK(batch(id).state == BatchState::fencing);
    gemini.calls.clear();
    return id;
  }
  void wait(Duration span) { pass(span, {Which::reconcile}); }
  std::string input(BatchId id) const { return "files/" + upload_name(id, 1); }
  std::string token_;
};

TEST_F(Fence, DeletesLooksTwiceListsAndLetsTheMembersGo) {
  const auto id = fencing();
  struct Seen {
    Endpoint endpoint;
    std::string thing;
    Duration at;
  };
  std::vector<Seen> seen;
  const auto since = wall();
  for (const auto endpoint : {Endpoint::remove, Endpoint::check, Endpoint::list})
    gemini.always(endpoint, [&](Call& call, const std::function<HttpEvent()>& properly) {
      seen.push_back({call.endpoint, call.thing, wall() - since});
      return properly();
    });
  wait(config.submission.fence_pause + config.submission.relist_pause);

  const auto canary = gemini.seen(Endpoint::start).at(0).file;
  const auto relist = config.submission.fence_pause + config.submission.relist_pause;
  const std::vector<Seen> expected{
      {Endpoint::remove, input(id), 0s},
      {Endpoint::check, input(id), 0s},
      {Endpoint::check, canary, 0s},
      {Endpoint::check, input(id), config.submission.fence_pause},
      {Endpoint::check, canary, config.submission.fence_pause},
      {Endpoint::list, "", relist},
      {Endpoint::remove, canary, relist},
  };
  ASSERT_EQ(seen.size(), expected.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(seen[i].endpoint, expected[i].endpoint);
    EXPECT_EQ(seen[i].thing, expected[i].thing);
    EXPECT_EQ(seen[i].at, expected[i].at);
  }
  EXPECT_EQ(batch(id).state, BatchState::fenced);
  EXPECT_TRUE(gemini.files.empty());

  pass(0s, {Which::settle});
  EXPECT_EQ(batch(id).state, BatchState::done);
  ASSERT_EQ(batches().size(), 2U);
  const auto child = batches().back();
  EXPECT_EQ(child.state, BatchState::sealed);
  EXPECT_EQ(child.items, 3);
  EXPECT_EQ(child.parent, id);
  EXPECT_EQ(child.root, id);
  EXPECT_EQ(child.fences, 1);
  EXPECT_EQ(child.reason, SealReason::lineage);
  pass(0s, {Which::submit});
  const auto lines = lines_of(gemini.files.at(input(child.id)));
  ASSERT_EQ(lines.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(key_of(lines[i]), wire_key(child.id, ids_[i]));
  EXPECT_NE(gemini.only_job().tag, token_);
  EXPECT_EQ(request(ids_[0]).attempts, 0);
}

TEST_F(Fence, BeginsWithTheDeletionHoweverManyListingsThereWere) {
  for (const auto quarantine : {1s, 6s, 21s, 51s}) {  // one to four of them
    SCOPED_TRACE(quarantine.count());
    config.submission.quarantine = quarantine;
    accept_many(10);
    gemini.calls.clear();
    gemini.next(Endpoint::create, no_answer());
    pass(0s, {Which::pack, Which::submit});
    const auto id = batches().back().id;
    wait(quarantine + config.submission.fence_pause + config.submission.relist_pause);
    EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::fenced));
    EXPECT_EQ(gemini.seen(Endpoint::remove).at(0).thing, input(id));
    EXPECT_EQ(std::ranges::count(gemini.seen(Endpoint::check), input(id), &Call::thing), 2);
  }
}

TEST_F(Fence, EveryUploadOfTheBatchIsDeleted) {
  const auto first = uploaded(3);
  advance_clock(config.submission.file_age_max + 1ms);
  gemini.next(Endpoint::create, no_answer());
  pass(0s, {Which::submit});
  ASSERT_EQ(batch(first.id).upload_n, 2);
  wait(config.submission.quarantine + 5min);
  EXPECT_EQ(batch(first.id).state, BatchState::fenced);
  EXPECT_TRUE(gemini.files.empty());
}

TEST_F(Fence, AFileThatIsStillThereIsDeletedAgain) {
  const auto id = fencing();
  const auto content = gemini.files.at(input(id));
  gemini.next(Endpoint::remove, says(200, "{}"));  // says so, but it isn't
  wait(0s);
  EXPECT_TRUE(gemini.files.contains(input(id)));
  wait(config.submission.fence_pause - 1s);
  EXPECT_FALSE(gemini.files.contains(input(id)));
  gemini.files[input(id)] = content;  // and was only hidden at the first look
  wait(2s);
  EXPECT_EQ(batch(id).state, BatchState::fencing);
  wait(1h);
  EXPECT_EQ(batch(id).state, BatchState::fenced);
  EXPECT_FALSE(gemini.files.contains(input(id)));
  EXPECT_EQ(std::ranges::count(gemini.seen(Endpoint::remove), input(id), &Call::thing), 3);
}

TEST_F(Fence, AFileThatCanNotBeDeletedIsNeverFenced) {
  const auto id = fencing();
  gemini.always(Endpoint::remove, says(200, "{}"));  // says so, but it isn't
  wait(24h);
  EXPECT_EQ(batch(id).state, BatchState::fencing);
}

TEST_F(Fence, AnInvisibleCanaryHolds) {
  const auto id = fencing();
  gemini.always(Endpoint::check, says_error(403, "PERMISSION_DENIED", "... or it may not exist."));
  gemini.always(Endpoint::file_list, says(200, "{}"));
  wait(1h);
  EXPECT_EQ(batch(id).state, BatchState::held);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::packed));
}

TEST_F(Fence, ATroubleAtAnyStepNeverFences) {
  const auto refuses = [](std::string canary_or_input, FakeGemini::Reaction trouble) {
    return [=](Call& call, const std::function<HttpEvent()>& properly) {
      const bool is_canary = call.thing.find("-c") != std::string::npos;
      return is_canary == (canary_or_input == "canary") ? trouble(call, properly) : properly();
    };
  };
  const std::vector<std::pair<const char*, FakeGemini::Reaction>> troubles{
      {"503", says(503, "busy")},
      {"no answer", no_answer()},
      {"not sent", not_sent()},
      {"401", says_error(401, "UNAUTHENTICATED", "who?")},
      {"429", says_error(429, "RESOURCE_EXHAUSTED", "slow down")},
      {"404 in nobody's form", says(404, "<html></html>")},
  };
  struct Step {
    const char* name;
    Endpoint endpoint;
    const char* of;
  };
  const std::vector<Step> steps{{"canary's upload", Endpoint::start, "input"},
                                {"delete", Endpoint::remove, "input"},
                                {"look at the file", Endpoint::check, "input"},
                                {"look at the canary", Endpoint::check, "canary"},
                                {"relist", Endpoint::list, "input"}};
  const auto id = fencing();
  for (const auto& step : steps)
    for (const auto& [name, trouble] : troubles) {
      SCOPED_TRACE(std::string(step.name) + ": " + name);
      gemini.always(step.endpoint, refuses(step.of, trouble));
      restart();  // from its first step
      wait(1h);
      EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::fencing));
      gemini.properly_again(step.endpoint);
    }
  wait(1h);
  EXPECT_EQ(batch(id).state, BatchState::fenced);
}

// Of two backends one is broken: in step with the calls of a look that begins anew, it would never come to its end.
TEST_F(Fence, GoesOnWhereItWasWhenEveryOtherAnswerIsLost) {
  for (const auto endpoint : {Endpoint::check, Endpoint::remove, Endpoint::list})
    for (const int lost : {0, 1}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(endpoint)) + (lost == 0 ? ": the first" : ": the second"));
      start_over();
      const auto id = fencing();
      int calls = 0;
      gemini.always(endpoint, [lost, &calls](Call& call, const std::function<HttpEvent()>& properly) {
        return calls++ % 2 == lost ? no_answer()(call, properly) : properly();
      });
      pass(30min, {Which::reconcile});
      EXPECT_EQ(batch(id).state, BatchState::fenced);
      gemini.properly_again(endpoint);
    }
}

TEST_F(Fence, AJobThatWasQuickerThanTheDeletionIsAdopted) {
  const auto id = fencing();
  wait(config.submission.fence_pause);
  gemini.add_job(token_, input(id));
  wait(config.submission.relist_pause);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  EXPECT_EQ(batch(id).job, gemini.only_job().name);
  EXPECT_TRUE(batch(id).fence_begun);

  // It fails since we took its file away: nobody loses an attempt, and nothing is cut.
  gemini.fail(gemini.only_job(), 9, "the file is gone");
  pass(1h, {Which::poll, Which::collect, Which::settle});
  EXPECT_EQ(batch(id).state, BatchState::done);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::queued));
  EXPECT_EQ(request(ids_[0]).attempts, 0);
}

TEST_F(Fence, ARestartBeginsItAnew) {
  const auto id = fencing();
  wait(config.submission.fence_pause);  // both looks are done
  restart();
  gemini.calls.clear();
  wait(config.submission.relist_pause);
  EXPECT_EQ(batch(id).state, BatchState::fencing);  // a relist alone would have been too early
  wait(config.submission.fence_pause);
  EXPECT_EQ(batch(id).state, BatchState::fenced);
  EXPECT_EQ(std::ranges::count(gemini.seen(Endpoint::check), input(id), &Call::thing), 2);
}

TEST_F(Fence, AKeyOfAnotherProjectProvesNothing) {
  const auto id = fencing();
  use_key("key-2");
  gemini.always(Endpoint::check, says_error(403, "PERMISSION_DENIED", "... or it may not exist."));
  gemini.always(Endpoint::file_list, says(200, "{}"));
  wait(1h);
  EXPECT_EQ(batch(id).state, BatchState::held);
  EXPECT_EQ(gemini.count(Endpoint::remove), 0U);
}

TEST_F(Fence, AKeyThatChangesAfterTheDeletionProvesNothing) {
  const auto id = fencing();
  wait(0s);          // deleted, and looked once
  use_key("key-2");  // another project: sees no file of the first one, the canary least of all
  gemini.always(Endpoint::check, says_error(403, "PERMISSION_DENIED", "... or it may not exist."));
  gemini.always(Endpoint::file_list, says(200, "{}"));
  gemini.always(Endpoint::list, says(200, "{}"));
  wait(24h);
  EXPECT_EQ(batch(id).state, BatchState::held);
}

TEST_F(Fence, AKeyThatChangesBeforeTheRelistProvesNothing) {
  const auto id = fencing();
  wait(config.submission.fence_pause);  // looked twice
  gemini.add_job(token_, input(id));
  use_key("key-2");
  gemini.always(Endpoint::check, says_error(403, "PERMISSION_DENIED", "... or it may not exist."));
  gemini.always(Endpoint::file_list, says(200, "{}"));
  gemini.always(Endpoint::list, says(200, "{}"));
  wait(24h);
  EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::held));
}

}  // namespace
}  // namespace batchd::daemon::testing
