// What a lane may have enqueued, as learned from 429s, from accepted creates, and from the provider's token counts.
#include <set>

#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Budget : public World {
 protected:
  // The provider takes at most so many lines at once, over all its pending jobs, and doesn't say so.
  void hide_a_quota_of(std::size_t lines) {
    gemini.always(Endpoint::create, [this, lines](Call& call, const std::function<HttpEvent()>& properly) {
      std::size_t there = lines_of(gemini.files.at(call.file)).size();
      for (const auto& job : gemini.jobs)
        if (job.state == "BATCH_STATE_PENDING") there += lines_of(gemini.files.at(job.file)).size();
      return there > lines ? reply(429, error_body(429, "RESOURCE_EXHAUSTED", "quota")) : properly();
    });
  }
  void throttle_next() { gemini.next(Endpoint::create, says_error(429, "RESOURCE_EXHAUSTED", "quota")); }
  void expect_each_ran_once(std::size_t count) {
    std::set<std::string> ran;
    for (const auto& job : gemini.jobs)
      for (const auto& line : gemini.good_lines(job.file)) EXPECT_TRUE(ran.insert(request_of(line)).second) << line;
    EXPECT_EQ(ran.size(), count);
  }
  using HttpEvent = core::HttpEvent;
};

TEST_F(Budget, ABatchThatIsTooMuchAloneGoesInHalves) {
  const auto id = uploaded(8).id;
  throttle_next();
  look(Which::submit);
  look(Which::reconcile);
  EXPECT_EQ(batch(id).state, BatchState::unsealed);
  EXPECT_EQ(load().learned.allowance, 40) << "half of eight times ten tokens";
  EXPECT_EQ(batch(id).creates, 0);
  pass(0s, {Which::settle});
  EXPECT_EQ(states(ids_), std::vector(8, RequestState::queued));
  // Not at once again.
  pass(config.submission.throttle_first - 1ms, {Which::pack});
  EXPECT_EQ(batches().size(), 1U);
  pass(1ms, {Which::pack});
  ASSERT_EQ(batches().size(), 2U);
  EXPECT_EQ(batches().back().items, 4);
  EXPECT_EQ(request(ids_[0]).batch, batches().back().id) << "they kept their place in the queue";
  EXPECT_EQ(request(ids_[0]).attempts, 0);
}

TEST_F(Budget, AHiddenQuotaLetsEverythingThrough) {
  config.packing.limits.items = 40;
  const std::vector<std::pair<std::size_t, int>> rows{{1, 20}, {3, 40}, {25, 80}};
  for (const auto& [quota, requests] : rows) {
    SCOPED_TRACE(quota);
    start_over();
    hide_a_quota_of(quota);
    const auto ids = accept_many(requests);
    for (int rounds = 0; std::ranges::count(states(ids), RequestState::succeeded) < requests && rounds < 200;
         ++rounds) {
      pass(5min);
      gemini.finish_all();
    }
    EXPECT_EQ(states(ids), std::vector(ids.size(), RequestState::succeeded));
    expect_each_ran_once(ids.size());
    EXPECT_LE(gemini.count(Endpoint::create), 12 + 3 * ids.size() / quota);
    EXPECT_TRUE(balanced());
  }
}

// The project's job slots are taken by somebody else: batches as small as can be would only make that worse.
TEST_F(Budget, WhenTokensAreNotTheReasonBatchesStayWhole) {
  config.packing.limits.items = 40;
  gemini.always(Endpoint::create, says_error(429, "RESOURCE_EXHAUSTED", "quota"));
  const auto ids = accept_many(40);
  pass(3h);
  EXPECT_EQ(load().learned.allowance, 0);
  const auto calls = gemini.count(Endpoint::create);
  EXPECT_LE(calls, 40U);
  gemini.properly_again(Endpoint::create);
  for (int i = 0; i < 10; ++i) {
    pass(5min);
    gemini.finish_all();
  }
  EXPECT_EQ(states(ids), std::vector(40, RequestState::succeeded));
  EXPECT_EQ(gemini.count(Endpoint::create), calls + 2) << "the last half that was tried, and all others";
  expect_each_ran_once(40);
}

TEST_F(Budget, WithOthersThereARefusedOneWaitsForThemWhole) {
  accept_many(20);
  pass(0s, {Which::pack});
  ASSERT_EQ(batches().size(), 2U);
  gemini.next(Endpoint::create, [](Call&, const std::function<HttpEvent()>& properly) { return properly(); });
  throttle_next();
  pass(0s, {Which::submit, Which::reconcile});
  ASSERT_EQ(batches(BatchState::submitted).size(), 1U);
  ASSERT_EQ(batches(BatchState::uploaded).size(), 1U);
  EXPECT_EQ(load().learned.allowance, 50);
  const auto waits = batches(BatchState::uploaded)[0];
  EXPECT_EQ(waits.items, 10);
  pass(30min, {Which::pack, Which::submit, Which::reconcile, Which::settle});
  EXPECT_EQ(gemini.count(Endpoint::create), 2U) << "fifty tokens are allowed, a hundred are there";
  gemini.finish_all();
  pass(30min);
  EXPECT_EQ(batch(waits.id).state, BatchState::submitted);
  gemini.finish_all();
  pass(30min);
  expect_each_ran_once(20);
}

TEST_F(Budget, AnAllowanceCutsTheBatchAndWhatIsEnqueuedCounts) {
  config.packing.limits.items = 100;
  accept_many(40);
  learned({1, 45, wall() - config.submission.throttle_first});
  pass(0s, {Which::pack});
  EXPECT_EQ(only_batch().items, 4);
  EXPECT_EQ(only_batch().reason, SealReason::tokens);
  pass(30min, {Which::pack, Which::submit, Which::poll});
  EXPECT_EQ(batches().size(), 1U) << "five tokens are left: no crumbs";
  gemini.finish_all();
  pass(5min);
  ASSERT_GE(batches().size(), 2U);
  EXPECT_EQ(batches()[1].items, 4) << "a tenth more than 45 isn't five times ten";
}

TEST_F(Budget, AnAcceptedCreateRaisesIt) {
  accept_many(10);
  learned({1, 100, wall() - config.submission.throttle_first});
  pass(0s, {Which::pack, Which::submit});
  ASSERT_EQ(only_batch().state, BatchState::submitted);
  EXPECT_EQ(load().learned.allowance, 110);
}

TEST_F(Budget, ASingleLargeRequestAlwaysGoes) {
  accept("{\"n\":\"large\"}", kAnna, 5000);
  learned({1, 45, wall() - config.submission.throttle_first});
  pass(5min, {Which::pack, Which::submit});
  EXPECT_EQ(only_batch().state, BatchState::submitted);
}

TEST_F(Budget, TheRatioIsLearnedFromWhatWasCounted) {
  submitted(4);
  std::vector<std::string> lines;
  for (const auto& line : gemini.good_lines(gemini.only_job().file))
    lines.push_back(good_line(key_of(line), R"({"usageMetadata":{"promptTokenCount":20}})"));
  lines[3] = good_line(key_of(lines[3]), R"({"candidates":[]})");  // doesn't say
  gemini.finish(gemini.only_job(), lines);
  pass(10min);
  EXPECT_EQ(only_batch().state, BatchState::done);
  EXPECT_NEAR(load().learned.ratio, 1.125, 0.001);
}

// With the configuration as it is shipped, and at a provider that tells what a new customer may have enqueued.
TEST_F(Budget, ANewCustomersFirstBatchesFitAndTheNextGrow) {
  const config::Config shipped;
  const std::vector<std::pair<const char*, const char*>> models{{"generateContent", "gemini-2.5-flash"},
                                                                {"generateContent", "gemini-2.5-pro"},
                                                                {"embedContent", "gemini-embedding-001"},
                                                                {"generateContent", "gemini-2.5-flash-preview-tts"}};
  config.packing = shipped.packing;
  config.budget = shipped.budget;
  for (const auto& [endpoint, model] : models) {
    SCOPED_TRACE(model);
    start_over();
    NewRequest request{.owner = kAnna, .lane = {"default", endpoint, model}, .body = "{}"};
    const auto first = vendor.make()->first_tokens(request.lane).value();
    EXPECT_LT(first, shipped.budget.of(model).max_enqueued_tokens);
    request.tokens = first / 10;
    for (int i = 0; i < 80; ++i) ask([&](Store& store) { return store.accept(request, wall()); });
    const auto live = [&] {
      std::int64_t tokens = 0;
      for (const auto& batch : batches())
        if (batch.state != BatchState::done) tokens += batch.tokens;
      return tokens;
    };
    pass(10min, {Which::pack});
    EXPECT_GT(batches().size(), 0U);
    EXPECT_LE(live(), first) << "of all batches that nothing could be learned of yet";
    EXPECT_GE(live(), first / 2);
    if (request.lane.endpoint == "embedContent") continue;  // the fake can't run these
    std::int64_t most = 0;
    for (int rounds = 0; rounds < 3; ++rounds) {
      pass(10min);
      most = std::max(most, live());
      if (rounds == 0) {
        EXPECT_LT(most, first * 3 / 2) << "not all at once";
      }
      gemini.finish_all();
    }
    EXPECT_GT(most, first);
  }
}

TEST_F(Budget, TheLimitHoldsWithoutAny429) {
  config.budget.limits.max_enqueued_tokens = 250;
  accept_many(100);
  pass(1h, {Which::pack, Which::submit, Which::poll});
  EXPECT_EQ(batches().size(), 2U) << "of ten times ten tokens each; half a batch is left, and waits";
  EXPECT_EQ(gemini.count(Endpoint::create), 2U);
}

}  // namespace
}  // namespace batchd::daemon::testing
