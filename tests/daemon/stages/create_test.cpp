// create: the one call that costs money. Every row of the table "What the answer to the create call proves"
// (docs/architecture.md), seen from the store, and never a second call for one intent.
#include <set>

#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Create : public World {};

constexpr auto kOk = [](Call&, const std::function<HttpEvent()>& properly) { return properly(); };

FakeGemini::Reaction names_our_file(int code, std::string status) {
  return [=](Call& call, const std::function<HttpEvent()>&) {
    return reply(code, error_body(code, status, "File " + call.file.substr(6) + " cannot be read"));
  };
}
FakeGemini::Reaction done_but(int status, const std::string& body) {
  return [=](Call&, const std::function<HttpEvent()>& properly) {
    properly();
    return reply(status, body);
  };
}

enum class Then { nothing, goes_on, pauses_account };

struct Row {
  const char* name;
  FakeGemini::Reaction reaction;
  BatchState becomes;
  Then then = Then::nothing;  // of the submit stage alone
  int failed = 0;             // requests that end at once
  int failed_in_the_end = 0;
};

const std::vector<Row>& rows() {
  using enum BatchState;
  const auto html = "<html>502 Bad Gateway</html>";
  static const std::vector<Row> table{
      {"not sent", not_sent(), uploaded, Then::goes_on},
      {"created", kOk, submitted},
      {"429", says_error(429, "RESOURCE_EXHAUSTED", "quota"), creating},
      {"API_KEY_INVALID",
       says(400, R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT",)"
                 R"("details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}})"),
       uploaded, Then::pauses_account},
      {"401", says_error(401, "UNAUTHENTICATED", "who?"), uploaded, Then::pauses_account},
      {"location", says_error(400, "FAILED_PRECONDITION", "User location is not supported"), refused},
      {"403", says_error(403, "PERMISSION_DENIED", "billing is off"), refused},
      {"lines", says_error(400, "INVALID_ARGUMENT", "Error on line 2: no such field"), refused, Then::nothing, 1, 1},
      {"refused", says_error(400, "INVALID_ARGUMENT", "bad"), refused},
      {"404", says_error(404, "NOT_FOUND", "models/x is not found for API version v1beta"), refused},
      {"413", says(413, "too large"), refused},
      {"file 400", names_our_file(400, "INVALID_ARGUMENT"), refused},
      {"file 403", names_our_file(403, "PERMISSION_DENIED"), refused},
      {"file 404", names_our_file(404, "NOT_FOUND"), refused},
      {"no answer, not done", no_answer(), unclear},
      {"no answer, but done", done_but_unanswered(), unclear},
      {"408", done_but(408, ""), unclear},
      {"409", done_but(409, error_body(409, "ABORTED", "try again")), unclear},
      {"500", done_but(500, error_body(500, "INTERNAL", "oops")), unclear},
      {"502", done_but(502, html), unclear},
      {"503", done_but(503, error_body(503, "UNAVAILABLE", "overloaded")), unclear},
      {"504", done_but(504, error_body(504, "DEADLINE_EXCEEDED", "late")), unclear},
      {"2xx, unparsable", done_but(200, html), unclear},
      {"2xx, empty", done_but(200, ""), unclear},
      {"2xx, another's job",
       done_but(200, R"({"name":"batches/x","metadata":{"displayName":"not ours","state":"BATCH_STATE_PENDING"}})"),
       unclear},
      {"302", done_but(302, ""), unclear},
      {"400 in nobody's form", done_but(400, html), unclear},
      {"403 in nobody's form", done_but(403, html), unclear},
      {"404 in nobody's form", done_but(404, html), unclear},
      {"429 in nobody's form", done_but(429, html), unclear},
  };
  return table;
}

class WhatCameBack : public World, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(WhatCameBack, DecidesWhatHappens) {
  const auto& row = rows()[GetParam()];
  const auto before = uploaded(3);
  std::vector<Batch> at_the_call;
  gemini.next(Endpoint::create, [&](Call& call, const std::function<HttpEvent()>& properly) {
    at_the_call = batches();
    return row.reaction(call, properly);
  });
  look(Which::submit);

  // The intent was durable before the call, and the call is what it says.
  ASSERT_EQ(gemini.count(Endpoint::create), 1U);
  const auto call = gemini.seen(Endpoint::create).at(0);
  ASSERT_EQ(at_the_call.size(), 1U);
  EXPECT_EQ(to_text(at_the_call[0].state), to_text(BatchState::creating));
  EXPECT_EQ(at_the_call[0].tag, call.tag);
  EXPECT_EQ(at_the_call[0].credential, "key-1");
  EXPECT_EQ(at_the_call[0].create_at, wall());
  EXPECT_EQ("files/" + upload_name(at_the_call[0].id, at_the_call[0].upload_n), call.file);
  EXPECT_TRUE(call.tag.starts_with("batchd-test-"));
  EXPECT_GE(call.tag.size(), 26U);
  EXPECT_TRUE(call.single_shot);

  const auto after = batch(before.id);
  EXPECT_EQ(to_text(after.state), to_text(row.becomes));
  // What was proven not to be created doesn't count.
  const int counted = row.becomes == BatchState::uploaded ? 0 : 1;
  EXPECT_EQ(after.creates, counted);
  EXPECT_EQ(after.throttled, row.becomes == BatchState::creating);
  EXPECT_EQ(after.job.empty(), row.becomes != BatchState::submitted);
  EXPECT_EQ(account_paused(), row.then == Then::pauses_account);
  const auto now = states(ids_);
  EXPECT_EQ(std::count(now.begin(), now.end(), RequestState::failed), row.failed);
  EXPECT_EQ(std::count(now.begin(), now.end(), RequestState::packed), 3 - row.failed);

  // However long the submit stage goes on: one call for one intent.
  pass(2h, {Which::submit});
  const bool goes_on = row.then != Then::nothing;
  ASSERT_EQ(gemini.count(Endpoint::create), goes_on ? 2U : 1U);
  EXPECT_EQ(to_text(batch(before.id).state), to_text(goes_on ? BatchState::submitted : row.becomes));
  EXPECT_EQ(batch(before.id).creates, goes_on ? counted + 1 : counted);
  EXPECT_EQ(gemini.seen(Endpoint::create).back().tag, call.tag);
  EXPECT_FALSE(account_paused());
  EXPECT_TRUE(balanced());
}
INSTANTIATE_TEST_SUITE_P(Table, WhatCameBack, ::testing::Range(std::size_t{0}, rows().size()),
                         [](const auto& instance) { return test_name(rows()[instance.param].name); });

// And through all stages: every row ends with each request's one result, and the provider has run no request twice.
TEST_P(WhatCameBack, EndsWithOneResultEach) {
  const auto& row = rows()[GetParam()];
  uploaded(3);
  gemini.next(Endpoint::create, row.reaction);
  for (int i = 0; i < 40; ++i) {
    pass(5min);
    gemini.finish_all();
  }
  int failed = 0;
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    failed += request(ids_[i]).state == RequestState::failed ? 1 : 0;
    const auto expected = "{\"echo\":{\"n\":" + std::to_string(i) + "}}";
    if (request(ids_[i]).state == RequestState::succeeded) {
      EXPECT_EQ(response_of(ids_[i]), expected);
    }
  }
  EXPECT_EQ(failed, row.failed_in_the_end);
  EXPECT_EQ(row.failed_in_the_end + std::ranges::count(states(ids_), RequestState::succeeded), 3);
  std::set<std::string> ran;  // each request is in one job's file
  for (const auto& job : gemini.jobs)
    for (const auto& line : gemini.good_lines(job.file)) EXPECT_TRUE(ran.insert(request_of(line)).second);
  EXPECT_EQ(ran.size(), 3U - static_cast<std::size_t>(row.failed_in_the_end));
  EXPECT_TRUE(balanced());
}

TEST_F(Create, AThrottledOneWaitsLongerEachTime) {
  const auto id = uploaded(1).id;  // it can't be made smaller
  Duration pause = config.submission.throttle_first;
  for (int i = 1; i <= 7; ++i) {
    gemini.next(Endpoint::create, says_error(429, "RESOURCE_EXHAUSTED", "quota"));
    look(Which::submit);
    ASSERT_EQ(batch(id).state, BatchState::creating);
    look(Which::reconcile);
    const auto back = batch(id);
    ASSERT_EQ(to_text(back.state), to_text(BatchState::uploaded));
    EXPECT_FALSE(back.throttled);
    EXPECT_EQ(back.throttles, i);
    ASSERT_TRUE(back.not_before.has_value());
    EXPECT_EQ(*back.not_before - wall(), pause);
    // Not a millisecond earlier.
    look(Which::submit);
    advance_clock(pause - 1ms);
    look(Which::submit);
    EXPECT_EQ(gemini.count(Endpoint::create), static_cast<std::size_t>(i));
    advance_clock(1ms);
    pause = std::min(pause * 2, config.submission.throttle_max);
  }
  EXPECT_EQ(gemini.count(Endpoint::list), 7U);
  EXPECT_EQ(states(ids_), std::vector(1, RequestState::packed));
}

TEST_F(Create, AThrottledOneThatRanAllTheSameIsAdopted) {
  const auto id = uploaded(3).id;
  gemini.next(Endpoint::create, done_but(429, error_body(429, "RESOURCE_EXHAUSTED", "quota")));
  look(Which::submit);
  look(Which::reconcile);
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  EXPECT_EQ(batch(id).job, gemini.only_job().name);
  pass(2h, {Which::submit, Which::reconcile});
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
}

TEST_F(Create, AThrottledOneStaysUntilAListingIsWhole) {
  const auto id = uploaded(1).id;
  gemini.next(Endpoint::create, says_error(429, "RESOURCE_EXHAUSTED", "quota"));
  look(Which::submit);
  gemini.always(Endpoint::list, says(503, "busy"));
  pass(1h, {Which::submit, Which::reconcile});
  EXPECT_EQ(batch(id).state, BatchState::creating);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
  restart();  // and is still a throttled one after a crash, not an unclear one
  EXPECT_EQ(batch(id).state, BatchState::creating);
  gemini.properly_again(Endpoint::list);
  look(Which::reconcile);
  EXPECT_EQ(batch(id).state, BatchState::uploaded);
}

TEST_F(Create, AThrottledOneIsNotJudgedByAnotherProjectsListing) {
  const auto id = uploaded(3).id;
  gemini.next(Endpoint::create, done_but(429, error_body(429, "RESOURCE_EXHAUSTED", "quota")));
  look(Which::submit);
  use_key("key-2");
  restart();
  gemini.always(Endpoint::check, says_error(403, "PERMISSION_DENIED", "... or it may not exist."));
  gemini.always(Endpoint::file_list, says(200, "{}"));  // another project, which has no files
  gemini.always(Endpoint::list, says(200, "{}"));       // and no jobs
  pass(24h, {Which::submit, Which::reconcile});
  EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::held));
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
}

TEST_F(Create, ACrashInTheCallIsUnclearAndNothingIsSentAgain) {
  const auto before = uploaded(3);
  ask([&](Store& store) {
    return store.mark(before.id, BatchState::uploaded, BatchState::creating,
                      {.tag = "batchd-test-t", .credential = "key-1", .create_at = wall()}, wall());
  });
  gemini.add_job("batchd-test-t", "files/" + upload_name(before.id, 1));
  restart();
  EXPECT_EQ(batch(before.id).state, BatchState::unclear);
  pass(1h, {Which::submit, Which::reconcile});
  EXPECT_EQ(batch(before.id).state, BatchState::submitted);
  EXPECT_EQ(gemini.count(Endpoint::create), 0U);
}

TEST_F(Create, APausedAccountLetsOneThroughAfterEachPause) {
  accept_many(40);
  pass(0s, {Which::pack});
  gemini.always(Endpoint::create, says_error(403, "PERMISSION_DENIED", "billing is off"));
  pass(1h, {Which::submit, Which::settle});
  EXPECT_TRUE(batches(BatchState::submitted).empty());
  EXPECT_NE(account_trouble().find("creates are refused with HTTP 403"), std::string::npos) << account_trouble();
  const auto calls = gemini.count(Endpoint::create);
  EXPECT_LE(calls, 160U);  // pauses grow to five minutes: not a call per second
  gemini.properly_again(Endpoint::create);
  pass(1h, {Which::submit, Which::settle});
  EXPECT_EQ(batches(BatchState::submitted).size(), 8U);  // each of the four was cut once
  EXPECT_EQ(account_trouble(), "");
}

TEST_F(Create, AfterEachPauseTheKeyIsReadAnew) {
  const auto id = uploaded(2).id;
  gemini.always(Endpoint::create,
                says_error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."));
  gemini.always(Endpoint::account,
                says_error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."));
  pass(1min, {Which::submit, Which::settle});
  EXPECT_NE(account_trouble(), "");
  EXPECT_EQ(batch(id).state, BatchState::uploaded);
  replace_key("key-2");
  gemini.properly_again(Endpoint::create);
  gemini.properly_again(Endpoint::account);
  pass(1min, {Which::submit, Which::settle});
  EXPECT_EQ(account_trouble(), "");
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  EXPECT_EQ(batch(id).credential, "key-2");
  EXPECT_EQ(states(ids_), std::vector(2, RequestState::packed));
}

// A job has one batch: the lines of another's would be strange, and all of this one's would be paid for again.
TEST_F(Create, AnAnswerThatNamesAnotherBatchsJobProvesNothing) {
  auto ids = accept_many(10);
  pass(0s);
  gemini.next(Endpoint::create, says(200, R"({"name":")" + gemini.only_job().name + R"("})"));
  for (const auto id : accept_many(10)) ids.push_back(id);
  pass(0s);
  ASSERT_EQ(gemini.count(Endpoint::create), 2U);
  EXPECT_EQ(batches(BatchState::submitted).size(), 1U);
  for (int i = 0; i < 30; ++i) {
    pass(5min);
    gemini.finish_all();
  }
  EXPECT_EQ(states(ids), std::vector(ids.size(), RequestState::succeeded));
  EXPECT_EQ(gemini.count(Endpoint::create), 3U);
  EXPECT_EQ(gemini.jobs.size(), 2U) << "each is paid for once";
  EXPECT_TRUE(balanced());
}

TEST_F(Create, AFileThatGrewTooOldIsUploadedAnew) {
  const auto id = uploaded(3).id;
  advance_clock(config.submission.file_age_max + 1ms);
  pass(0s, {Which::submit});
  EXPECT_EQ(batch(id).state, BatchState::submitted);
  EXPECT_EQ(batch(id).upload_n, 2);
  EXPECT_EQ(gemini.only_job().file, "files/" + upload_name(id, 2));
}

TEST_F(Create, ANewIntentOfAnotherBatchHasAnotherToken) {
  accept_many(20);
  pass(0s, {Which::pack});
  pass(0s, {Which::submit});
  const auto creates = gemini.seen(Endpoint::create);
  ASSERT_EQ(creates.size(), 2U);
  EXPECT_NE(creates[0].tag, creates[1].tag);
}

}  // namespace
}  // namespace batchd::daemon::testing
