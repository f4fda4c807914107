// Programs that know nothing of batchd: the provider's own calls, answers and errors.
#include "tests/e2e/calls.h"

namespace batchd::e2e {
namespace {

class Front : public CallsTest {
 protected:
  static std::string prompt(const std::string& text) {
    return R"({"contents":[{"parts":[{"text":)" + json_text(text) + R"(}],"role":"user"}]})";
  }
  static std::string path(const std::string& verb, const std::string& model = std::string(kModel)) {
    return "/gemini/v1beta/models/" + model + ":" + verb;
  }
  static std::string text_of(const Json& response) { return response.text("/candidates/0/content/parts/0/text"); }
  static void expect_error(const HttpReply& reply, int status, const std::string& name) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.header("content-type"), "application/json") << reply.body;
    const Json error(reply.body);
    EXPECT_EQ(error.number("/error/code"), status) << reply.body;
    EXPECT_EQ(error.text("/error/status"), name) << reply.body;
    EXPECT_NE(error.text("/error/message"), "") << reply.body;
  }
};

TEST_F(Front, AnAnswerIsTheProvidersOwn) {
  start();
  for (const std::string version : {"v1beta", "v1", "v1alpha"}) {
    const auto reply = call("POST", "/gemini/" + version + "/models/" + std::string(kModel) + ":generateContent",
                            prompt("hello " + version));
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_TRUE(reply.header("content-type").starts_with("application/json"));
    EXPECT_EQ(text_of(Json(reply.body)), "echo: hello " + version);
    EXPECT_EQ(Json(reply.body).text("/modelVersion"), kModel);
    EXPECT_FALSE(Json(reply.body).has("/id"));
  }
  EXPECT_TRUE(daemon_->admin_status().flag("/balanced"));
}

TEST_F(Front, AStreamIsOneEvent) {
  start();
  const auto events = call("POST", path("streamGenerateContent") + "?alt=sse", prompt("a \xE2\x80\xA8 b"));
  EXPECT_EQ(events.status, 200) << events.body;
  EXPECT_EQ(events.header("content-type"), "text/event-stream");
  ASSERT_TRUE(events.body.starts_with("data: {") && events.body.ends_with("}\n\n")) << events.body;
  EXPECT_EQ(events.body.find("\xE2\x80\xA8"), std::string::npos);
  EXPECT_EQ(text_of(Json(events.body.substr(6))), "echo: a \xE2\x80\xA8 b");

  const auto array = call("POST", path("streamGenerateContent"), prompt("plain"));
  EXPECT_EQ(array.status, 200) << array.body;
  const auto items = Json(array.body).items("");
  ASSERT_EQ(items.size(), 1U) << array.body;
  EXPECT_EQ(text_of(items[0]), "echo: plain");
}

TEST_F(Front, TheModelOfTheBodyMayBeThatOfThePath) {
  start();
  const auto same = call("POST", path("generateContent"),
                         R"({"model":"models/)" + std::string(kModel) + R"(",)" + prompt("named").substr(1));
  EXPECT_EQ(text_of(Json(same.body)), "echo: named") << same.body;
  expect_error(call("POST", path("generateContent"), R"({"model":"models/other",)" + prompt("x").substr(1)), 400,
               "INVALID_ARGUMENT");
}

TEST_F(Front, AKeyMakesTwoCallsOne) {
  start();
  const Headers key{{"Idempotency-Key", "call-1"}};
  const auto first = call("POST", path("generateContent"), prompt("paid once"), key);
  const auto second = call("POST", path("generateContent"), prompt("paid once"), key);
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(emulator_->ledger().lines("billed").at(prompt_digest("paid once")), 1);
  expect_error(call("POST", path("generateContent"), prompt("another"), key), 422, "INVALID_ARGUMENT");
  expect_error(call("POST", path("generateContent", "gemini-2.5-pro"), prompt("paid once"), key), 422,
               "INVALID_ARGUMENT");
}

TEST_F(Front, AnAnswerOfAKeyIsInNoOtherProgramsResults) {
  start();
  const Headers key{{"Idempotency-Key", "call-1"}};
  EXPECT_EQ(call("POST", path("generateContent"), prompt("with a key"), key).status, 200);
  const auto plain = post("of a program that reads results");
  const auto shown = all_results("", 1);
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].text("/id"), plain);
  const auto acknowledged = call("POST", "/v1/results/ack", R"({"up_to":)" + json_text(shown[0].text("/cursor")) + "}");
  EXPECT_EQ(Json(acknowledged.body).number("/acknowledged"), 1) << acknowledged.body;
  // It is there for whoever asks for it: by its id, or by its key again.
  const Json listed(call("GET", "/v1/requests?limit=10").body);
  ASSERT_EQ(listed.items("/requests").size(), 2U);
  EXPECT_FALSE(listed.items("/requests").back().has("/acknowledged_at"));
  EXPECT_EQ(text_of(Json(call("POST", path("generateContent"), prompt("with a key"), key).body)), "echo: with a key");
  EXPECT_EQ(accepted(), 2);
}

TEST_F(Front, AKeyWhoseAnswerWasPurgedIsGone) {
  start({}, {.config = {{"retention.results", "\"300ms\""}, {"retention.purge_every", "\"100ms\""}}});
  const Headers key{{"Idempotency-Key", "once"}};
  EXPECT_EQ(call("POST", path("generateContent"), prompt("once"), key).status, 200);
  ASSERT_TRUE(eventually([&] { return daemon_->admin_status().number("/purged") == 1; }));
  const auto again = call("POST", path("generateContent"), prompt("once"), key);
  expect_error(again, 410, "NOT_FOUND");
  EXPECT_NE(Json(again.body).text("/error/message").find("no longer kept"), std::string::npos) << again.body;
  EXPECT_EQ(accepted(), 1);
}

TEST_F(Front, WhatIsNotServedIsNamed) {
  start();
  const auto counted = call("POST", path("countTokens"), prompt("x"));
  expect_error(counted, 501, "UNIMPLEMENTED");
  EXPECT_NE(Json(counted.body).text("/error/message").find(":countTokens"), std::string::npos) << counted.body;
}

TEST_F(Front, ErrorsAreGooglesOwn) {
  start({}, {.config = {{"server.max_body", "\"64KiB\""}}});
  const Headers nobody{{"x-batchd-account", "nobody"}};
  expect_error(call("POST", path("generateContent"), "{"), 400, "INVALID_ARGUMENT");
  expect_error(call("POST", path("generateContent"), "[]"), 400, "INVALID_ARGUMENT");
  expect_error(call("POST", path("generateContent"), prompt(std::string(70'000, 'x'))), 413, "INVALID_ARGUMENT");
  expect_error(call("POST", path("generateContent", "a%20b"), prompt("x")), 400, "INVALID_ARGUMENT");
  expect_error(call("POST", path("generateContent"), prompt("x"), nobody), 400, "INVALID_ARGUMENT");
  expect_error(call("POST", path("countTokens"), prompt("x")), 501, "UNIMPLEMENTED");
  expect_error(call("GET", "/gemini/v1beta/models"), 501, "UNIMPLEMENTED");
  expect_error(call("GET", path("generateContent")), 501, "UNIMPLEMENTED");
  expect_error(call("DELETE", "/gemini/v1beta/files/x"), 501, "UNIMPLEMENTED");
  EXPECT_EQ(accepted(), 0);
  expect_error(call("POST", path("generateContent", "nosuchmodel"), prompt("x")), 404, "NOT_FOUND");
}

TEST_F(Front, AFullQueueIsExhausted) {
  start({}, {.config = {
                 {"packing.max_age", "\"24h\""}, {"limits.max_queued_requests", "1"}, {"limits.owner_share", "100"}}});
  post("first");
  expect_error(call("POST", path("generateContent"), prompt("second")), 429, "RESOURCE_EXHAUSTED");
}

TEST_F(Front, AStopSaysTryAgain) {
  start({.job_seconds = 600});
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send("POST", path("generateContent"), prompt("patient"), {}));
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("packed") == 1; }));
  daemon_->process().kill(SIGTERM);
  const auto reply = http.receive();
  ASSERT_TRUE(reply);
  expect_error(*reply, 503, "UNAVAILABLE");
  EXPECT_EQ(daemon_->process().wait(), 0);
}

TEST_F(Front, WithoutATokenItIsUnauthenticated) {
  const std::string token = "token-of-ann-0123456789";
  start({}, {.tokens = "ann " + token + "\n"});
  ASSERT_NE(daemon_->tcp_port(), 0);
  LocalHttp http(daemon_->tcp_port());
  const auto refused = http.post(path("generateContent"), prompt("x"));
  ASSERT_TRUE(refused);
  expect_error(*refused, 401, "UNAUTHENTICATED");
  LocalHttp known(daemon_->tcp_port());
  const auto reply = known.post(path("generateContent") + "?key=" + token, prompt("as an SDK does"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(text_of(Json(reply->body)), "echo: as an SDK does") << reply->body;
}

TEST_F(Front, Embeddings) {
  start();
  const auto reply = call("POST", path("embedContent", "gemini-embedding-001"),
                          R"({"model":"models/gemini-embedding-001","content":{"parts":[{"text":"near"}]}})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(Json(reply.body).has("/embedding/values/0")) << reply.body;
}

// Google's clients read JSON. The response was paid for, and is to be had by the request's id.
TEST_F(Front, AResponseThatIsNoJsonIsAnErrorAndIsNotPaidForAgain) {
  start({.faults = R"({"rules":[{"on":"line","do":"nul"}]})"});
  for (const std::string verb : {"generateContent", "streamGenerateContent?alt=sse", "generateContent"})
    expect_error(call("POST", path(verb), prompt("odd")), 500, "INTERNAL");
  const auto told = call("POST", path("generateContent"), prompt("odd"));
  const auto message = Json(told.body).text("/error/message");
  const auto at = message.find("GET /v1/requests/");
  ASSERT_NE(at, std::string::npos) << message;
  const Json request(call("GET", message.substr(at + 4, 26)).body);
  EXPECT_TRUE(request.has("/response_base64")) << request.dump();
  EXPECT_EQ(accepted(), 1);
}

TEST_F(Front, SafetyHeadersThatCannotBeUsedAreRefused) {
  start();
  for (const Headers& headers :
       {Headers{{"Idempotency-Key", ""}}, Headers{{"Idempotency-Key", "a"}, {"Idempotency-Key", "a"}},
        Headers{{"Idempotency-Key", "a b"}}, Headers{{"x-batchd-account", ""}},
        Headers{{"x-batchd-account", "default"}, {"x-batchd-account", "other"}}})
    for (const char* verb : {"generateContent", "batchEmbedContents"})
      expect_error(call("POST", path(verb), prompt("x"), headers), 400, "INVALID_ARGUMENT");
  EXPECT_EQ(accepted(), 0);
}

}  // namespace
}  // namespace batchd::e2e
