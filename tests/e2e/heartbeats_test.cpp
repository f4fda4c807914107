// What a call sends while it waits: interim answers for clients that would give up, empty lines and comments in
// streams.
#include "tests/e2e/calls.h"

namespace batchd::e2e {
namespace {

constexpr std::string_view kPath = "/gemini/v1beta/models/gemini-2.5-flash:generateContent";
constexpr std::string_view kEvents = "/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
const Headers kAsks{{"X-Batchd-Interim", "yes"}};

class Heartbeats : public CallsTest {
 protected:
  static std::string prompt(const std::string& text) {
    return R"({"contents":[{"parts":[{"text":)" + json_text(text) + "}]}]}";
  }
  static std::string text_of(const std::string& response) {
    return Json(response).text("/candidates/0/content/parts/0/text");
  }
  // Quick ones, and a call that takes many of them.
  void start_quick() {
    start({}, {.config = {
                   {"server.interim", "\"50ms\""}, {"server.heartbeat", "\"50ms\""}, {"packing.max_age", "\"1s\""}}});
  }
  // How many interim answers come before the last one, which is `reply` then.
  static int interims(LocalHttp& http, std::optional<HttpReply>& reply) {
    int count = 0;
    for (reply = http.receive_head(); reply && reply->status == 102; reply = http.receive_head()) {
      EXPECT_TRUE(reply->headers.empty());
      ++count;
    }
    return count;
  }
  int interims_of(const Headers& headers) {
    LocalHttp http(daemon_->socket());
    EXPECT_TRUE(http.send("POST", kPath, prompt("who"), headers));
    std::optional<HttpReply> reply;
    const int count = interims(http, reply);
    EXPECT_TRUE(reply && reply->status == 200);
    return count;
  }
};

TEST_F(Heartbeats, InterimAnswersComeBeforeTheAnswerAndChangeNothingOfIt) {
  start_quick();
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send("POST", kPath, prompt("patience"), kAsks));
  for (int i = 0; i < 3; ++i) {
    const auto interim = http.receive_head();
    ASSERT_TRUE(interim);
    ASSERT_EQ(interim->status, 102);
    EXPECT_TRUE(interim->headers.empty());
  }
  std::optional<HttpReply> reply;
  interims(http, reply);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  // The connection goes on as ever.
  const auto bytes = std::stoul(reply->header("content-length"));
  const auto body = http.read_bytes(bytes);
  ASSERT_TRUE(body);
  EXPECT_EQ(text_of(*body), "echo: patience");
  const auto next = http.get("/healthz");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->status, 200);
}

TEST_F(Heartbeats, OnlyClientsGetThemThatPassOverThem) {
  start_quick();
  EXPECT_GT(interims_of({{"User-Agent", "node"}}), 0);
  EXPECT_GT(interims_of({{"User-Agent", "google-genai-sdk/1.30.0 gl-node/v20.1.0"}}), 0);
  EXPECT_GT(interims_of({{"x-goog-api-client", "google-genai-sdk/1.30.0 gl-node/v20.1.0"}}), 0);
  EXPECT_EQ(interims_of({{"User-Agent", "node"}, {"X-Batchd-Interim", "no"}}), 0);
  EXPECT_EQ(interims_of({{"User-Agent", "google-genai-sdk/1.2.0 gl-go/go1.22"}}), 0);
  EXPECT_EQ(interims_of({}), 0);
}

TEST_F(Heartbeats, OldClientsKnowNoInterimAnswers) {
  start_quick();
  LocalHttp http(daemon_->socket());
  const auto body = prompt("old");
  ASSERT_TRUE(http.send_bytes("POST " + std::string(kPath) + " HTTP/1.0\r\nHost: a\r\nX-Batchd-Interim: yes\r\n" +
                              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
  const auto reply = http.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(text_of(reply->body), "echo: old");
}

TEST_F(Heartbeats, WhoWaitsForARequestMayHaveThemToo) {
  start_quick();
  LocalHttp waits(daemon_->socket()), prefers(daemon_->socket());
  ASSERT_TRUE(waits.send("GET", "/v1/requests/" + post("waits") + "?wait=60", "", kAsks));
  auto headers = kAsks;
  headers.emplace_back("Prefer", "wait=60");
  ASSERT_TRUE(prefers.send("POST", "/v1/requests", submission("prefers"), headers));
  for (auto* http : {&waits, &prefers}) {
    std::optional<HttpReply> reply;
    EXPECT_GT(interims(*http, reply), 0);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
  }
}

TEST_F(Heartbeats, AClientThatCantBeWrittenToIsGone) {
  start({.job_seconds = 1}, {.config = {{"server.interim", "\"50ms\""}}});
  LocalHttp deaf(daemon_->socket());
  ASSERT_TRUE(deaf.send("POST", kPath, prompt("deaf"), kAsks));
  ASSERT_TRUE(deaf.readable());
  deaf.stop_reading();  // no hang-up: only writing finds it out
  ASSERT_TRUE(
      eventually([&] { return call("GET", "/metrics").body.find("\nbatchd_waiters 0\n") != std::string::npos; }));
  const auto again = call("POST", kPath, prompt("deaf"));
  EXPECT_EQ(text_of(again.body), "echo: deaf") << again.body;
  EXPECT_EQ(accepted(), 1);
  EXPECT_EQ(emulator_->ledger().lines("billed").at(prompt_digest("deaf")), 1);
}

// It has more of them to read than it will ever need, and is still there.
TEST_F(Heartbeats, AClientThatReadsNothingUntilTheEndLosesNothing) {
  start({.job_seconds = 3}, {.config = {{"server.interim", "\"1ms\""}}});
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send("POST", kPath, prompt("busy"), kAsks));
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == 1; }));
  std::optional<HttpReply> reply;
  EXPECT_GT(interims(http, reply), 0);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(accepted(), 1);
}

TEST_F(Heartbeats, AStreamOfAFrontLivesByEmptyLines) {
  start_quick();
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send("POST", kEvents, prompt("event"), {{"User-Agent", "node"}}));
  const auto head = http.receive_head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("content-type"), "text/event-stream");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(http.read_until("\n\n"), "\n\n");
  const auto before = http.read_until("data: ");
  ASSERT_TRUE(before);
  EXPECT_EQ(before->find_first_not_of('\n'), before->size() - 6) << *before;
  const auto event = http.read_until("\n\n");
  ASSERT_TRUE(event);
  EXPECT_EQ(text_of(*event), "echo: event");
  EXPECT_EQ(http.read_until("\n\n"), "") << "something after the event";
  const auto next = http.get("/healthz");
  EXPECT_TRUE(next && next->status == 200);
}

TEST_F(Heartbeats, AnErrorInAStreamThatHasBegunIsGooglesOwnAndAlone) {
  start_quick();
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send("POST", "/gemini/v1beta/models/nosuchmodel:streamGenerateContent?alt=sse", prompt("x"), {}));
  const auto head = http.receive_head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  std::optional<std::string> piece;
  do piece = http.read_until("\n\n");
  while (piece && *piece == "\n\n");
  ASSERT_TRUE(piece);
  const Json error(*piece);
  EXPECT_EQ(error.number("/error/code"), 404) << *piece;
  EXPECT_EQ(error.text("/error/status"), "NOT_FOUND") << *piece;
  EXPECT_EQ(http.read_until("\n\n"), "");
}

TEST_F(Heartbeats, AnErrorBeforeTheStreamIsAStatus) {
  start();
  const auto reply = call("POST", "/gemini/v1beta/models/nosuchmodel:streamGenerateContent?alt=sse", prompt("x"));
  EXPECT_EQ(reply.status, 404) << reply.body;
  EXPECT_EQ(Json(reply.body).text("/error/status"), "NOT_FOUND");
}

TEST_F(Heartbeats, AStopInAStreamSaysTryAgainAndTheRunIsKept) {
  start({.job_seconds = 2}, {.config = {{"server.heartbeat", "\"50ms\""}}});
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send("POST", kEvents, prompt("kept"), {}));
  ASSERT_TRUE(http.receive_head());
  ASSERT_EQ(http.read_until("\n\n"), "\n\n");
  ASSERT_EQ(daemon_->stop(), 0);
  const auto rest = http.read_until("{");
  ASSERT_TRUE(rest);
  const auto error = http.read_until("\n\n");
  ASSERT_TRUE(error);
  EXPECT_EQ(Json("{" + *error).text("/error/status"), "UNAVAILABLE") << *error;
  daemon_->start();
  const auto again = call("POST", kEvents, prompt("kept"));
  EXPECT_NE(again.body.find("echo: kept"), std::string::npos) << again.body;
  EXPECT_EQ(accepted(), 1);
}

TEST_F(Heartbeats, AStreamOfResultsLivesByComments) {
  start_quick();
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send("GET", "/v1/results", "", {{"Accept", "text/event-stream"}}));
  ASSERT_TRUE(http.receive_head());
  EXPECT_EQ(http.read_until("\n\n"), "retry: 1000\n\n");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(http.read_until("\n\n"), ": \n\n");
  post("told");
  std::optional<std::string> piece;
  do piece = http.read_until("\n\n");
  while (piece && *piece == ": \n\n");
  ASSERT_TRUE(piece);
  EXPECT_NE(piece->find("echo: told"), std::string::npos) << *piece;
}

}  // namespace
}  // namespace batchd::e2e
