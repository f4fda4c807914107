// What a caller may rely on while nothing goes wrong, and the errors for its own mistakes: answers are its own and
// verbatim, waiting works, an idempotency key is honoured, other users see nothing, secrets stay secret, and a stop or
// a second start does no harm.
#include <csignal>
#include <filesystem>

#include "proto/json/base64.h"
#include "tests/e2e/e2e_fixture.h"

namespace batchd::e2e {
namespace {

class Basics : public E2eTest {};

TEST_F(Basics, OneRequestComesBackAnswered) {
  start();
  const auto id = post("hello");
  const auto request = finished(id);
  EXPECT_EQ(request.text("/state"), "succeeded");
  EXPECT_EQ(answer_text(request), "echo: hello");
  EXPECT_EQ(request.text("/id"), id);
  EXPECT_EQ(request.number("/attempts"), 0);
  // A result may be fetched as often as asked.
  EXPECT_EQ(finished(id).dump(), request.dump());
}

TEST_F(Basics, PreferWaitHoldsTheCallUntilTheAnswer) {
  start();
  LocalHttp http(daemon_->socket());
  const auto reply = http.post("/v1/requests", submission("held"), {{"Prefer", "wait=60"}});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(answer_text(Json(reply->body)), "echo: held");
}

TEST_F(Basics, AWaitThatEndsFirstSaysHowFarTheRequestIs) {
  start({.job_seconds = 600});
  LocalHttp http(daemon_->socket());
  const auto reply = http.post("/v1/requests", submission("slow"), {{"Prefer", "wait=1"}});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 202);
  const auto id = Json(reply->body).text("/id");
  EXPECT_EQ(reply->header("location"), "/v1/requests/" + id);
  const auto later = http.get("/v1/requests/" + id + "?wait=1");
  ASSERT_TRUE(later);
  EXPECT_EQ(later->status, 200);
  EXPECT_EQ(Json(later->body).text("/state"), "packed");
}

TEST_F(Basics, AnIdempotencyKeyStandsForOneRequest) {
  start();
  LocalHttp http(daemon_->socket());
  const Headers key{{"Idempotency-Key", "order-17"}};
  const auto first = http.post("/v1/requests", submission("once"), key);
  const auto again = http.post("/v1/requests", submission("once"), key);
  ASSERT_TRUE(first && again);
  const auto id = Json(first->body).text("/id");
  EXPECT_EQ(Json(again->body).text("/id"), id);
  EXPECT_EQ(answer_text(finished(id)), "echo: once");

  const auto after = http.post("/v1/requests", submission("once"), key);
  const auto other = http.post("/v1/requests", submission("something else"), key);
  ASSERT_TRUE(after && other);
  EXPECT_EQ(answer_text(Json(after->body)), "echo: once");
  EXPECT_EQ(other->status, 422);
  EXPECT_EQ(daemon_->admin_status().number("/accepted"), 1);
  EXPECT_EQ(emulator_->ledger().lines("billed").size(), 1U);
}

TEST_F(Basics, AnotherUserSeesNothing) {
  if (!is_root()) GTEST_SKIP() << "needs root, to become another user";
  start();
  const auto id = post("private");
  ASSERT_EQ(finished(id).text("/state"), "succeeded");
  auto stranger = Process::fork_as(2002, [&] {
    LocalHttp http(daemon_->socket());
    const auto request = http.get("/v1/requests/" + id);
    if (!request || request->status != 404 || request->body.find("private") != std::string::npos) return 1;
    const auto own = http.get("/v1/status");
    if (!own || Json(own->body).number("/requests/succeeded") != 0) return 2;
    const auto admin = http.get("/admin/status");
    if (!admin || admin->status != 403) return 3;
    const auto adopt = http.post("/admin/batches/0000000000001/adopt", R"({"job":"batches/x"})");
    if (!adopt || adopt->status != 403) return 4;
    // The same idempotency key of another user is another key.
    const auto posted = http.post("/v1/requests", submission("mine"), {{"Prefer", "wait=60"}});
    return posted && posted->status == 200 && answer_text(Json(posted->body)) == "echo: mine" ? 0 : 5;
  });
  EXPECT_EQ(stranger.wait(), 0);
}

TEST_F(Basics, ALargeRequestAndItsAnswerComeThroughVerbatim) {
  start();
  std::string prompt;
  for (int i = 0; prompt.size() < (3U << 20); ++i)
    prompt += "line " + std::to_string(i) + ": \"\\ \t \xc3\xa9 \xf0\x9f\x9a\xa2\n";
  const auto request = finished(post(prompt));
  EXPECT_EQ(request.text("/state"), "succeeded");
  EXPECT_TRUE(answer_text(request) == "echo: " + prompt) << "the answer differs";
}

TEST_F(Basics, WhatIsWrongWithACallIsSaidAndNothingIsAccepted) {
  start({}, {.config = {{"server.max_body", "\"64KiB\""}}});
  struct Case {
    std::string what, body;
    int status;
    std::string said;
  };
  const std::string request = R"("request":{"contents":[{"parts":[{"text":"x"}]}]})";
  const Case cases[] = {
      {"cut", R"({"model":"gemini-2.5-flash",)", 400, "byte 28"},
      {"not JSON", R"({"model":"gemini-2.5-flash",nonsense})", 400, "byte 28"},
      {"no model", "{" + request + "}", 400, "model"},
      {"no request", R"({"model":"gemini-2.5-flash"})", 400, "request"},
      {"unknown member", R"({"model":"gemini-2.5-flash","modle":1,)" + request + "}", 400, "modle"},
      {"twice", R"({"model":"a","model":"b",)" + request + "}", 400, "twice"},
      {"unknown account", R"({"model":"gemini-2.5-flash","account":"nope",)" + request + "}", 400, "nope"},
      {"array", "[]", 400, "object"},
      {"too large", submission(std::string(70 << 10, 'x')), 413, ""},
  };
  for (const auto& c : cases) {
    LocalHttp http(daemon_->socket());
    const auto reply = http.post("/v1/requests", c.body);
    ASSERT_TRUE(reply) << c.what;
    EXPECT_EQ(reply->status, c.status) << c.what << ": " << reply->body;
    EXPECT_EQ(reply->header("content-type"), "application/problem+json") << c.what;
    EXPECT_NE(Json(reply->body).text("/detail").find(c.said), std::string::npos) << c.what << ": " << reply->body;
  }
  LocalHttp http(daemon_->socket());
  for (const std::string target : {"/v1/requests/nonsense", "/v1/requests/0000000000001", "/v1/nothing"}) {
    const auto reply = http.get(target);
    ASSERT_TRUE(reply) << target;
    EXPECT_EQ(reply->status, 404) << target;
  }
  EXPECT_EQ(daemon_->admin_status().number("/accepted"), 0);
}

TEST_F(Basics, TheNumbersCloseAndHealthAnswers) {
  start();
  for (int i = 0; i < 5; ++i) post("counted " + std::to_string(i));
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == 5; }));
  const auto status = daemon_->admin_status();
  EXPECT_EQ(status.number("/accepted"), 5);
  EXPECT_TRUE(status.flag("/balanced"));
  EXPECT_TRUE(status.flag("/accounts/0/healthy"));
  for (const std::string state : {"queued", "packed", "failed", "cancelled", "expired"})
    EXPECT_EQ(status.number("/requests/" + state + "/items"), 0) << state;
  const auto own = http.get("/v1/status");
  ASSERT_TRUE(own);
  EXPECT_EQ(Json(own->body).number("/requests/succeeded"), 5);
  for (const std::string target : {"/healthz", "/readyz"}) {
    const auto reply = http.get(target);
    ASSERT_TRUE(reply) << target;
    EXPECT_EQ(reply->status, 200) << target;
  }
}

TEST_F(Basics, AStopAnswersWhoeverWaitsAndLosesNothing) {
  start({.job_seconds = 3});
  const auto id = post("patient");
  ASSERT_TRUE(eventually([&] { return daemon_->batches_in_state("submitted") == 1; }));
  LocalHttp waiter(daemon_->socket());
  ASSERT_TRUE(waiter.send("GET", "/v1/requests/" + id + "?wait=600", "", {}));
  breathe(Milliseconds(200));  // usually it is waiting by now; if not, it is told the same
  daemon_->process().kill(SIGTERM);
  const auto reply = waiter.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503);
  EXPECT_NE(reply->body.find(id), std::string::npos) << reply->body;
  EXPECT_EQ(daemon_->process().wait(), 0);

  daemon_->start();
  EXPECT_EQ(answer_text(finished(id)), "echo: patient");
  EXPECT_EQ(emulator_->ledger().count("job"), 1U);
}

TEST_F(Basics, ASecondDaemonOnTheSameDatabaseIsRefused) {
  start();
  auto second = Process::start({.binary = BATCHD_BINARY,
                                .arguments = {"--config", daemon_->config_file()},
                                .environment = {{"BATCHD_SERVER__SOCKET", folder_.file("s2")}},
                                .output = folder_.file("second.log")});
  EXPECT_EQ(second.wait(), 75) << read_file(folder_.file("second.log"));
  EXPECT_EQ(answer_text(finished(post("undisturbed"))), "echo: undisturbed");
}

TEST_F(Basics, WithoutAKeyWorkIsAcceptedAndHealthSaysWhatIsMissing) {
  start({}, {.api_key = std::nullopt});
  const auto id = post("early");
  const auto status = daemon_->admin_status();
  EXPECT_FALSE(status.flag("/accounts/0/healthy", true));
  EXPECT_NE(status.text("/accounts/0/detail"), "");
  EXPECT_EQ(status.number("/requests/queued/items"), 1);

  // The key comes, and the request goes.
  daemon_->stop();
  DaemonUnderTest with_key(folder_, {.provider_url = emulator_->url(), .api_key = "late-key", .config = {}});
  with_key.start();
  EXPECT_EQ(answer_text(finished(id)), "echo: early");
}

// An unset variable in a client's program sends an empty one: taken for none, both calls would be paid for.
TEST_F(Basics, AnIdempotencyKeyThatCannotBeUsedIsRefused) {
  start();
  LocalHttp http(daemon_->socket());
  for (const Headers& headers :
       {Headers{{"Idempotency-Key", ""}}, Headers{{"Idempotency-Key", "  "}}, Headers{{"Idempotency-Key", "a b"}},
        Headers{{"Idempotency-Key", std::string(256, 'k')}},
        Headers{{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}}})
    for (const char* target : {"/v1/requests", "/v1/requests/0000000000001/retry"}) {
      const auto reply = http.post(target, submission("once"), headers);
      ASSERT_TRUE(reply);
      EXPECT_EQ(reply->status, 400) << target << reply->body;
      EXPECT_EQ(Json(reply->body).text("/code"), "bad_idempotency_key") << reply->body;
    }
  const auto account = http.post("/v1/requests", submission("x"), {{"X-Batchd-Account", "other"}});
  ASSERT_TRUE(account);
  EXPECT_EQ(Json(account->body).text("/code"), "bad_account") << account->body;
  EXPECT_EQ(daemon_->admin_status().number("/accepted"), 0);
}

TEST_F(Basics, NullIsNone) {
  start();
  LocalHttp http(daemon_->socket());
  auto body = submission("with nulls");
  body.insert(1, R"("key":null,"account":null,"endpoint":null,"channel":null,"deadline":null,"on_deadline":null,)"
                 R"("labels":null,)");
  const auto reply = http.post("/v1/requests", body, {{"Prefer", "wait=60"}});
  ASSERT_TRUE(reply);
  EXPECT_EQ(answer_text(Json(reply->body)), "echo: with nulls") << reply->body;
  EXPECT_FALSE(Json(reply->body).has("/key"));
}

TEST_F(Basics, ALargeResponseThatIsNoJsonIsStreamedInBase64) {
  start({.faults = R"({"rules":[{"on":"line","do":"invalid_utf8"}]})"});
  const std::string large(2'000'000, 'r');
  const auto request = finished(post(large));
  EXPECT_NE(request.text("/response_fault").find("not UTF-8"), std::string::npos);
  const auto bytes = json::base64_decode(request.text("/response_base64"));
  ASSERT_TRUE(bytes);
  EXPECT_TRUE(bytes->find(large) != std::string::npos);
}

// Whoever is told twice to stop, or is told something else meanwhile, hasn't failed. The last signals come when nothing
// is left that could hear them.
TEST_F(Basics, MoreSignalsDuringAStopChangeNothing) {
  start();
  for (int lives = 0; lives < 5; ++lives) {
    auto& process = daemon_->process();
    process.kill(SIGTERM);
    while (process.running())
      for (const int signal : {SIGTERM, SIGHUP, SIGINT}) process.kill(signal);
    EXPECT_EQ(process.wait(), 0);
    daemon_->start();
  }
}

TEST_F(Basics, NoSecretIsWrittenWhereItDoesNotBelong) {
  const std::string key = "canary-key-8c1f2d", prompt = "canary-prompt-5b77e0", failing = "canary-failing-91ab3c";
  start({.faults = R"({"rules":[{"on":"any","do":"status","status":503,"every":4},
                               {"on":"line","do":"garbage","nth":1}]})"},
        {.api_key = key, .config = {}});
  const auto id = post(prompt);
  post("company");  // a result file without one readable line would be looked at for long
  EXPECT_EQ(finished(id).text("/state"), "succeeded");
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.post("/v1/requests", submission(failing) + "x"));
  ASSERT_EQ(daemon_->stop(), 0);

  const auto log = daemon_->log();
  ASSERT_NE(log.find("ready"), std::string::npos);
  for (const auto& secret : {key, prompt, failing, std::string("echo: ")})
    EXPECT_EQ(log.find(secret), std::string::npos) << secret << " is in the log";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / "state")) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_file(entry.path()).find(key), std::string::npos) << "the key is in " << entry.path();
  }
}

}  // namespace
}  // namespace batchd::e2e
