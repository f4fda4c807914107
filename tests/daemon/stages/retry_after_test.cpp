// For how long no call is made if the provider asks for a pause.
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

const core::Duration kAsked = 20min;  // longer than every pause of our own
FakeGemini::Reaction asks_for_a_pause(int code, const char* status) {
  return [=](Call&, const std::function<core::HttpEvent()>&) {
    return fictitious::reply(code, error_body(code, status, "later"), {{"Retry-After", "1200"}});
  };
}

class RetryAfter : public World {
 protected:
  // The next such call is asked to wait. Expects that none follows too early, whoever wakes the stages meanwhile, and
  // that one follows.
  void expect_pause(Endpoint endpoint, int code = 503, const char* status = "UNAVAILABLE") {
    gemini.next(endpoint, asks_for_a_pause(code, status));
    const auto before = gemini.count(endpoint);
    for (int i = 0; i < 60 && gemini.count(endpoint) == before; ++i) pass(1min);
    ASSERT_EQ(gemini.count(endpoint), before + 1);
    pass(kAsked - 2min);
    EXPECT_EQ(gemini.count(endpoint), before + 1);
    pass(2min + config.retry.max);
    EXPECT_GT(gemini.count(endpoint), before + 1);
  }
};

TEST_F(RetryAfter, IsAFloorForEveryKindOfCall) {
  config.retry.max = config.submission.throttle_max = 5min;
  ASSERT_LT(config.polling.first, kAsked);
  const struct {
    const char* what;
    Endpoint endpoint;
    std::function<void()> begin;
  } cases[] = {
      {"start of an upload", Endpoint::start, [&] { packed(3); }},
      {"upload", Endpoint::data, [&] { packed(3); }},
      {"listing", Endpoint::list,
       [&] {
         uploaded(3);
         gemini.next(Endpoint::create, no_answer());
       }},
      {"look at a file", Endpoint::check,
       [&] {
         uploaded(3);
         gemini.next(Endpoint::create, no_answer());
         look(Which::submit);
         use_key("key-2");
       }},
      {"poll", Endpoint::poll, [&] { submitted(3); }},
      {"download", Endpoint::download,
       [&] {
         submitted(3);
         gemini.finish_all();
       }},
      {"deletion", Endpoint::remove,
       [&] {
         submitted(3);
         gemini.finish_all();
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    start_over();
    c.begin();
    expect_pause(c.endpoint);
  }
}

TEST_F(RetryAfter, IsAFloorForTheAccount) {
  submitted(3);
  expect_pause(Endpoint::poll, 401, "UNAUTHENTICATED");
}

TEST_F(RetryAfter, IsAFloorForTheSweep) {
  survey_first = true;
  gemini.next(Endpoint::list, asks_for_a_pause(429, "RESOURCE_EXHAUSTED"));
  pass(kAsked - 1s, {Which::sweep});
  EXPECT_EQ(gemini.count(Endpoint::list), 1U);
  pass(1s, {Which::sweep});
  EXPECT_EQ(gemini.count(Endpoint::list), 2U);
}

TEST_F(RetryAfter, IsAFloorForTheLanesCreates) {
  for (const int others : {0, 1}) {
    SCOPED_TRACE(others);
    start_over();
    config.packing.limits.items = 10;
    if (others > 0) submitted(10);
    gemini.next(Endpoint::create, asks_for_a_pause(429, "RESOURCE_EXHAUSTED"));
    const auto before = gemini.count(Endpoint::create);
    accept_many(10);
    pass(kAsked - 1min);
    gemini.finish_all();
    EXPECT_EQ(gemini.count(Endpoint::create), before + 1) << "neither the refused one nor parts of it";
    pass(30min);
    EXPECT_GT(gemini.count(Endpoint::create), before + 1);
  }
}

TEST_F(RetryAfter, IsAFloorForABatchThatWasSealedBefore) {
  gemini.next(Endpoint::start, says_error(503, "UNAVAILABLE", "later"));  // so that its create comes after the other's
  gemini.next(Endpoint::create, asks_for_a_pause(429, "RESOURCE_EXHAUSTED"));
  accept_many(20);
  pass(kAsked - 1min);
  EXPECT_EQ(batches(BatchState::uploaded).size(), 1U);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
  pass(10min);
  EXPECT_GT(gemini.count(Endpoint::create), 1U);
}

TEST_F(RetryAfter, IsRecordedWithTheRefusedBatch) {
  submitted(10);
  gemini.next(Endpoint::create, asks_for_a_pause(429, "RESOURCE_EXHAUSTED"));
  accept_many(10);
  pass(0s);
  const auto refused = batches().back();
  ASSERT_EQ(to_text(refused.state), to_text(BatchState::uploaded));
  EXPECT_EQ(*refused.not_before - wall(), kAsked);
}

TEST_F(RetryAfter, IsBounded) {
  submitted(3);
  gemini.next(Endpoint::poll, [](Call&, const std::function<core::HttpEvent()>&) {
    return fictitious::reply(503, "", {{"Retry-After", "99999999999999999999"}});
  });
  pass(1h + config.polling.max, {Which::poll});
  EXPECT_GE(gemini.count(Endpoint::poll), 2U);
}

}  // namespace
}  // namespace batchd::daemon::testing
