// A single request: what is sent, and what is shown.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "ctl/console/exit_code.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

TEST(Submit, PrintsTheIdAndAlwaysSendsAFreshIdempotencyKey) {
  FakeServer server([](const auto&) { return http_answer(202, object("queued")); });
  const auto ran = run(server.path(), R"(submit --model m --key 'a"b' 'say "hi"')");
  EXPECT_EQ(ran.code, kDone);
  EXPECT_EQ(ran.out, kId + '\n');
  run(server.path(), "submit --model m again");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(body(requests[0]),
            R"({"model":"m","key":"a\"b","request":{"contents":[{"role":"user","parts":[{"text":"say \"hi\""}]}]}})");
  EXPECT_EQ(header(requests[0], "Idempotency-Key").size(), std::string("Idempotency-Key: ").size() + 32);
  EXPECT_NE(header(requests[0], "Idempotency-Key"), header(requests[1], "Idempotency-Key"));
}

TEST(Submit, ABodyGoesVerbatimAndMustBeOneObject) {
  FakeServer server([](const auto&) { return http_answer(202, object("queued")); });
  const auto file = server.folder() + "/body.json";
  std::ofstream(file) << R"({"contents": [], "n": 1.500})";
  EXPECT_EQ(run(server.path(), "submit -m m --body " + file).code, kDone);
  EXPECT_EQ(body(server.requests().at(0)), R"({"model":"m","request":{"contents": [], "n": 1.500}})");
  std::ofstream(file) << R"({}, "model": {})";
  EXPECT_EQ(run(server.path(), "submit -m m --body " + file).code, kBadInput);
  EXPECT_EQ(run(server.path(), "submit -m m --body /nonexistent").code, kBadInput);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(Submit, ALostAnswerIsAskedForAgainUnderTheSameKey) {
  std::atomic<int> count = 0;
  FakeServer server([&](const auto&) { return ++count == 1 ? std::string() : http_answer(202, object("queued")); });
  const auto ran = run(server.path(), "submit -m m hi");
  EXPECT_EQ(ran.code, kDone);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(header(requests[0], "Idempotency-Key"), header(requests[1], "Idempotency-Key"));
  EXPECT_NE(ran.err.find("trying again"), std::string::npos);
}

TEST(Submit, WaitingShowsTheText) {
  std::atomic<int> polls = 0;
  FakeServer server([&](const std::string& request) {
    if (starts(request, "POST")) return http_answer(202, object("queued"));
    return http_answer(200, ++polls < 3 ? object("packed") : object("succeeded", kResponse));
  });
  for (const char* wait : {"--wait hello", "--wait=60 hello", "--wait 60 hello", "hello --wait"}) {
    polls = 0;
    const auto ran = run(server.path(), std::string("submit -m m ") + wait);
    EXPECT_EQ(ran.code, kDone) << wait << ran.err;
    EXPECT_EQ(ran.out, "four legs\n") << wait;
  }
}

TEST(Submit, WaitingEndsWithTheLimitOrTheFailure) {
  FakeServer server([&](const auto&) { return http_answer(202, object("packed")); });
  const auto late = run(server.path(), "submit -m m --wait 0 hi");
  EXPECT_EQ(late.code, kTryLater);
  EXPECT_EQ(late.out, "");
  EXPECT_NE(late.err.find("batchctl wait " + kId), std::string::npos);

  FakeServer failing([&](const auto&) { return http_answer(200, object("failed", kError)); });
  const auto failed = run(failing.path(), "wait " + kId);
  EXPECT_EQ(failed.code, kFailed);
  EXPECT_EQ(failed.out, "");
  EXPECT_NE(failed.err.find("INVALID_ARGUMENT: no"), std::string::npos);
}

TEST(Get, JsonIsWhatTheDaemonSent) {
  FakeServer server([&](const auto&) { return http_answer(200, object("succeeded", kResponse) + '\n'); });
  const auto ran = run(server.path(), "--json get " + kId);
  EXPECT_EQ(ran.code, kDone);
  EXPECT_EQ(ran.out, object("succeeded", kResponse) + '\n');
  EXPECT_EQ(run(server.path(), "get no/such/id").code, kBadInput);
}

TEST(Get, ProblemsAreToldWithTheirHint) {
  FakeServer server(
      [&](const auto&) { return http_answer(404, R"({"status":404,"detail":"no such","hint":"look"})"); });
  const auto ran = run(server.path(), "get " + kId);
  EXPECT_EQ(ran.code, kBadInput);
  EXPECT_NE(ran.err.find("hint: look"), std::string::npos);
}

}  // namespace
}  // namespace batchd::ctl
