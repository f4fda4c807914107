// Attached calls, whose callers know no id: when a caller or batchd goes away, the same call made again takes over the
// same run, and nothing is paid for twice. Callers that wait at the same time have runs of their own.
#include "tests/e2e/e2e_fixture.h"
#include "tests/storage/sqlite/raw_sqlite.h"

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
  std::optional<HttpReply> ask(const std::string& prompt, const Headers& headers = {}) {
    LocalHttp http(daemon_->socket());
    return http.post(kCall, prompt_body(prompt), headers);
  }
  // Turns a bit in this chunk of the one result there is, while the daemon is down.
  void damage(std::int64_t chunk) {
    EXPECT_EQ(daemon_->stop(), 0);
    {
      storage::testing::Raw raw(daemon_->database());
      const auto row = "(SELECT result * 512 + " + std::to_string(chunk) + " FROM request WHERE state = 2)";
      ASSERT_EQ(raw.ask("SELECT count(*) FROM chunk WHERE id = " + row), "1");
      ASSERT_EQ(
          raw.run("UPDATE chunk SET data = CAST(substr(data, 1, length(data) - 1) || 'X' AS BLOB) WHERE id = " + row),
          0);
    }
    daemon_->start();
  }
  void expect_damage(const std::optional<HttpReply>& reply) const {
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 500) << reply->body.substr(0, 500);
    const Json error(reply->body);
    EXPECT_EQ(error.text("/error/status"), "DATA_LOSS") << reply->body.substr(0, 500);
    EXPECT_NE(error.text("/error/message").find("paid for again"), std::string::npos);
  }
  // A response whose bytes are lost can't be answered, however often somebody asks. The run stays to be looked at.
  void said_once_then_run_anew(const std::string& prompt, std::int64_t damaged_chunk) {
    start();
    hang_up_on(prompt);
    ASSERT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == 1; }));
    damage(damaged_chunk);
    expect_damage(ask(prompt));
    EXPECT_EQ(accepted(), 1);
    EXPECT_NE(metrics().find("\nbatchd_results_damaged_total 1\n"), std::string::npos);
    EXPECT_NE(daemon_->log().find("stored_result_damaged request="), std::string::npos);
    const auto again = ask(prompt);
    ASSERT_TRUE(again);
    EXPECT_EQ(answer_of(*again), "echo: " + prompt);
    EXPECT_EQ(accepted(), 2);
    EXPECT_EQ(emulator_->ledger().lines("billed").at(prompt_digest(prompt)), 2);

    LocalHttp http(daemon_->socket());
    const auto listed = http.get("/v1/requests?state=succeeded");
    ASSERT_TRUE(listed);
    const auto damaged = Json(listed->body).items("/requests").back();
    EXPECT_FALSE(damaged.has("/acknowledged_at")) << listed->body;
    if (damaged_chunk > 0) return;  // its head is out before anybody sees it
    for (int i = 0; i < 2; ++i) {   // batchd goes on
      LocalHttp looker(daemon_->socket());
      const auto shown = looker.get("/v1/requests/" + damaged.text("/id"));
      ASSERT_TRUE(shown);
      EXPECT_EQ(Json(shown->body).text("/code"), "corrupt") << shown->body;
    }
    EXPECT_EQ(daemon_->stop(), 0);
  }
  // Until none but the one that asks is there.
  bool others_are_gone() {
    return eventually([&] { return metrics().find("\nbatchd_connections 1\n") != std::string::npos; });
  }
  // Makes a call and takes nothing of its answer.
  static void leave_unread(LocalHttp& http, const std::string& prompt, Headers headers = {}) {
    ASSERT_TRUE(http.send("POST", kCall, prompt_body(prompt), headers));
    ASSERT_TRUE(http.readable());
  }
  static void read(LocalHttp& http, const std::string& prompt, Headers headers = {}) {
    const auto reply = http.post(kCall, prompt_body(prompt), headers);
    ASSERT_TRUE(reply);
    ASSERT_EQ(answer_of(*reply), "echo: " + prompt);
  }
  // Makes the call again: whether it was the same run.
  void expect_run(const std::string& prompt, bool same) {
    const auto before = accepted();
    const auto reply = ask(prompt);
    ASSERT_TRUE(reply);
    EXPECT_EQ(answer_of(*reply), "echo: " + prompt);
    EXPECT_EQ(accepted(), same ? before : before + 1);
    EXPECT_EQ(emulator_->ledger().lines("billed")[prompt_digest(prompt)], same ? 1 : 2);
  }
  void expect_same_run(const std::string& prompt) { expect_run(prompt, true); }
  void expect_new_run(const std::string& prompt) { expect_run(prompt, false); }
};

const std::string kToken = "token-of-ann-0123456789";
const Headers kBearer{{"Authorization", "Bearer " + kToken}};

class TcpOrphans : public Orphans {
 protected:
  void start_tcp() { start({}, {.tokens = "ann " + kToken + "\n"}); }
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

TEST_F(Orphans, ADamagedResponseIsSaidOnceAndThenRunAnew) { said_once_then_run_anew("short", 0); }

// It would be seen when the head is out, and the call be cut each time.
TEST_F(Orphans, SoIsOneDamagedFarFromItsBegin) { said_once_then_run_anew(std::string(1'500'000, 'x'), 1); }

// With a key the caller says itself what is the same: nothing runs again before it says so.
TEST_F(Orphans, ADamagedResponseOfAKeyIsNotRunAgain) {
  start();
  const Headers key{{"Idempotency-Key", "k"}}, other{{"Idempotency-Key", "k2"}};
  ASSERT_TRUE(ask("keyed", key));
  damage(0);
  for (int i = 0; i < 2; ++i) expect_damage(ask("keyed", key));
  EXPECT_EQ(accepted(), 1);
  const auto again = ask("keyed", other);
  ASSERT_TRUE(again);
  EXPECT_EQ(answer_of(*again), "echo: keyed");
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

// --- answers that were written, and perhaps never read

TEST_F(Orphans, WhoWasKilledWithTheAnswerUnreadGetsItAgain) {
  start();
  LocalHttp http(daemon_->socket());
  leave_unread(http, "unread");
  http.close();
  ASSERT_TRUE(others_are_gone());
  expect_same_run("unread");
  EXPECT_NE(daemon_->log().find("answer_not_taken"), std::string::npos);
  // Given to one, and read there.
  ASSERT_TRUE(others_are_gone());
  expect_new_run("unread");
}

TEST_F(Orphans, TheLastAnswerOfAConnectionIsNoOther) {
  start();
  const Headers last{{"Connection", "close"}};
  LocalHttp unread(daemon_->socket());
  leave_unread(unread, "unread", last);
  unread.close();
  read(unread, "read", last);
  ASSERT_TRUE(others_are_gone());
  expect_same_run("unread");
  expect_new_run("read");
}

TEST_F(Orphans, WhoReadItAndClosedHasIt) {
  start();
  LocalHttp http(daemon_->socket());
  read(http, "read");
  http.close();
  ASSERT_TRUE(others_are_gone());
  expect_new_run("read");
}

TEST_F(Orphans, WhoGoesOnHasIt) {
  start();
  LocalHttp http(daemon_->socket());
  read(http, "one");
  ASSERT_TRUE(http.send("GET", "/healthz", "", {}));
  ASSERT_TRUE(http.readable());
  http.close();
  ASSERT_TRUE(others_are_gone());
  expect_new_run("one");
}

TEST_F(TcpOrphans, AConnectionThatBreaksLeavesTheAnswer) {
  start_tcp();
  LocalHttp unread(daemon_->tcp_port()), broken(daemon_->tcp_port()), closed(daemon_->tcp_port());
  leave_unread(unread, "unread", kBearer);
  unread.close();
  read(broken, "broken", kBearer);
  broken.reset();
  read(closed, "closed", kBearer);
  closed.close();
  ASSERT_TRUE(others_are_gone());
  const auto again = [&](const std::string& prompt) {
    const auto before = accepted();
    LocalHttp http(daemon_->tcp_port());
    read(http, prompt, kBearer);
    return accepted() == before;
  };
  EXPECT_TRUE(again("unread"));
  EXPECT_TRUE(again("broken"));
  EXPECT_FALSE(again("closed"));
  const auto billed = emulator_->ledger().lines("billed");
  EXPECT_EQ(billed.at(prompt_digest("unread")), 1);
  EXPECT_EQ(billed.at(prompt_digest("broken")), 1);
  EXPECT_EQ(billed.at(prompt_digest("closed")), 2);
}

TEST_F(Orphans, AfterTheGraceTheAnswerCountsAsDelivered) {
  start({}, {.config = {{"retention.reattach_grace", "\"200ms\""},
                        {"retention.acknowledged_grace", "\"1ms\""},
                        {"retention.purge_every", "\"50ms\""}}});
  LocalHttp http(daemon_->socket());
  leave_unread(http, "late");
  http.close();
  EXPECT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == 0; })) << "it isn't acknowledged";
  expect_new_run("late");
}

TEST_F(Orphans, AKillBeforeTheClientGoesOnLeavesTheAnswer) {
  start();
  LocalHttp http(daemon_->socket());
  read(http, "kept open");
  daemon_->restart();
  expect_same_run("kept open");
  ASSERT_TRUE(others_are_gone());
  daemon_->restart();
  expect_new_run("kept open");
}

TEST_F(Orphans, AStopAsksWhatWasRead) {
  start();
  LocalHttp reader(daemon_->socket()), sleeper(daemon_->socket());
  read(reader, "read");
  leave_unread(sleeper, "unread");
  ASSERT_EQ(daemon_->stop(), 0);
  daemon_->start();
  expect_same_run("unread");
  expect_new_run("read");
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
