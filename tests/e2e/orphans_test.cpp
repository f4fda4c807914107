// Callers that wait on a call of Google's own and know no id: when they or batchd go away, the same call made again
// gets the same run, and nothing is paid for twice. Callers that wait side by side are callers of their own.
#include "tests/e2e/e2e_fixture.h"

namespace batchd::e2e {
namespace {

constexpr std::string_view kCall = "/gemini/v1beta/models/gemini-2.5-flash:generateContent";

std::string prompt_body(const std::string& prompt) {
  return R"({"contents":[{"parts":[{"text":)" + json_text(prompt) + "}]}]}";
}
std::string answer_of(const HttpReply& reply) { return Json(reply.body).text("/candidates/0/content/parts/0/text"); }

class Orphans : public E2eTest {
 protected:
  std::int64_t accepted() const { return daemon_->admin_status().number("/accepted"); }
  // Posts and hangs up once the daemon has accepted it.
  void hang_up_on(const std::string& prompt) {
    const auto before = accepted();
    LocalHttp http(daemon_->socket());
    ASSERT_TRUE(http.send("POST", kCall, prompt_body(prompt), {}));
    ASSERT_TRUE(eventually([&] { return accepted() == before + 1; }));
    http.close();
  }
  std::string metrics() const {
    LocalHttp http(daemon_->socket());
    const auto reply = http.get("/metrics");
    return reply ? reply->body : "";
  }
  std::optional<HttpReply> ask(const std::string& prompt) {
    LocalHttp http(daemon_->socket());
    return http.post(kCall, prompt_body(prompt));
  }
};

TEST_F(Orphans, ACallerThatHungUpComesBackToItsOwnRun) {
  start({.job_seconds = 1});
  hang_up_on("again");
  // Its hang-up is seen a moment after it happened: until then a second call is another caller.
  ASSERT_TRUE(eventually([&] { return metrics().find("\nbatchd_waiters 0\n") != std::string::npos; }));
  const auto reply = ask("again");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(answer_of(*reply), "echo: again");
  EXPECT_EQ(accepted(), 1);
  EXPECT_EQ(emulator_->ledger().lines("billed").size(), 1U);
}

TEST_F(Orphans, AfterAKillTheSameCallTakesItsRunOver) {
  start({.job_seconds = 1});
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send("POST", kCall, prompt_body("killed"), {}));
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("packed") == 1; }));
  daemon_->restart();
  const auto reply = ask("killed");
  ASSERT_TRUE(reply);
  EXPECT_EQ(answer_of(*reply), "echo: killed");
  EXPECT_EQ(accepted(), 1);
  const auto billed = emulator_->ledger().lines("billed");
  ASSERT_EQ(billed.size(), 1U);
  EXPECT_EQ(billed.begin()->second, 1);
}

TEST_F(Orphans, AnAnsweredCallIsANewOneNextTime) {
  start();
  ASSERT_TRUE(ask("twice"));
  const auto second = ask("twice");
  ASSERT_TRUE(second);
  EXPECT_EQ(answer_of(*second), "echo: twice");
  EXPECT_EQ(accepted(), 2);
}

TEST_F(Orphans, CallersThatWaitSideBySideHaveRunsOfTheirOwn) {
  start({.job_seconds = 1});
  LocalHttp one(daemon_->socket()), other(daemon_->socket());
  ASSERT_TRUE(one.send("POST", kCall, prompt_body("sample"), {}));
  ASSERT_TRUE(other.send("POST", kCall, prompt_body("sample"), {}));
  for (auto* http : {&one, &other}) {
    const auto reply = http->receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(answer_of(*reply), "echo: sample");
  }
  EXPECT_EQ(accepted(), 2);
}

TEST_F(Orphans, AnotherUserNeverTakesOneOver) {
  if (!is_root()) GTEST_SKIP() << "needs root, to become another user";
  start({.job_seconds = 1});
  hang_up_on("mine");
  auto stranger = Process::fork_as(2003, [&] { return ask("mine") ? 0 : 1; });
  EXPECT_EQ(stranger.wait(), 0);
  EXPECT_EQ(accepted(), 2);
}

}  // namespace
}  // namespace batchd::e2e
