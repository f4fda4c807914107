// The call with which SDKs embed: many requests in one call, and one answer for all of them.
#include "tests/e2e/calls.h"
#include "tests/storage/sqlite/raw_sqlite.h"

namespace batchd::e2e {
namespace {

constexpr std::string_view kEmbedder = "gemini-embedding-001";

class Embeds : public CallsTest {
 protected:
  static std::string path(const std::string& model = std::string(kEmbedder)) {
    return "/gemini/v1beta/models/" + model + ":batchEmbedContents";
  }
  static std::string item(const std::string& text, const std::string& more = {}) {
    return R"({"model":"models/)" + std::string(kEmbedder) + R"(","content":{"parts":[{"text":)" + json_text(text) +
           "}],\"role\":\"user\"}" + more + '}';
  }
  static std::string body(const std::vector<std::string>& items) {
    std::string list;
    for (const auto& one : items) list += (list.empty() ? "" : ",") + one;
    return R"({"requests":[)" + list + "]}";
  }
  static std::string texts(std::initializer_list<std::string> prompts) {
    std::vector<std::string> items;
    for (const auto& prompt : prompts) items.push_back(item(prompt));
    return body(items);
  }
  // The values of one text, as a call of its own gives them.
  std::string alone(const std::string& text, const std::string& more = {}) {
    const auto reply =
        call("POST", "/gemini/v1beta/models/" + std::string(kEmbedder) + ":embedContent", item(text, more));
    EXPECT_EQ(reply.status, 200) << reply.body;
    const auto begin = reply.body.find(R"("embedding":)") + 12;
    return reply.body.substr(begin, reply.body.find('}', begin) + 1 - begin);
  }
  void expect_error(const HttpReply& reply, int status, const std::string& name, const std::string& words = {}) {
    EXPECT_EQ(reply.status, status) << reply.body;
    const Json error(reply.body);
    EXPECT_EQ(error.number("/error/code"), status) << reply.body;
    EXPECT_EQ(error.text("/error/status"), name) << reply.body;
    EXPECT_NE(error.text("/error/message").find(words), std::string::npos) << reply.body;
  }
  // Makes the call and hangs up once all of it was accepted, and that was seen.
  void hang_up_on(const std::string& whole, std::int64_t items) {
    const auto before = accepted();
    LocalHttp http(daemon_->socket());
    ASSERT_TRUE(http.send("POST", path(), whole, {}));
    ASSERT_TRUE(eventually([&] { return accepted() == before + items; }));
    http.close();
    ASSERT_TRUE(
        eventually([&] { return call("GET", "/metrics").body.find("\nbatchd_waiters 0\n") != std::string::npos; }));
  }
  int billed(const std::string& prompt) {
    const auto lines = emulator_->ledger().lines("billed");
    const auto found = lines.find(prompt_digest(prompt));
    return found == lines.end() ? 0 : found->second;
  }
};

TEST_F(Embeds, OneCallForMany) {
  start();
  const std::vector<std::string> items{item("first"), item("second", R"(,"outputDimensionality":7,"taskType":"X")"),
                                       item("first"), R"({"content":{"parts":[{"text":"bare"}]}})"};
  const auto reply = call("POST", path(), body(items));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.header("content-type").starts_with("application/json"));
  EXPECT_EQ(accepted(), 4);
  // Byte for byte what is stored, in the order asked.
  const auto first = alone("first");
  EXPECT_EQ(reply.body, R"({"embeddings":[)" + first + ',' + alone("second", R"(,"outputDimensionality":7)") + ',' +
                            first + ',' + alone("bare") + "]}\n");
  EXPECT_EQ(Json(reply.body).items("/embeddings/1/values").size(), 7U);
  EXPECT_TRUE(results("").empty()) << "they are answered, and in nobody's results";
  EXPECT_TRUE(daemon_->admin_status().flag("/balanced"));
}

TEST_F(Embeds, AsManyAsGeminiTakesAndNoneMore) {
  start();
  std::vector<std::string> items;
  for (int i = 0; i < 100; ++i) items.push_back(item("text " + std::to_string(i), R"(,"outputDimensionality":3072)"));
  const auto reply = call("POST", path(), body(items));
  EXPECT_EQ(reply.status, 200) << reply.body.substr(0, 1000);
  const auto embeddings = Json(reply.body).items("/embeddings");
  ASSERT_EQ(embeddings.size(), 100U);
  for (const auto& embedding : embeddings) EXPECT_EQ(embedding.items("/values").size(), 3072U);
  EXPECT_EQ(emulator_->ledger().lines("billed").size(), 100U);
  items.push_back(item("one too many"));
  expect_error(call("POST", path(), body(items)), 400, "INVALID_ARGUMENT", "at most 100");
  EXPECT_EQ(accepted(), 100);
}

// Together they are more than a verb of the store, and each is less than a chunk, or more.
TEST_F(Embeds, LargeItemsAreStagedAndNoStageIsLeft) {
  start();
  std::vector<std::string> items;
  for (const std::size_t size : {400'000U, 400'000U, 400'000U, 1'500'000U, 10U, 400'000U})
    items.push_back(item(std::string(size, 'x') + std::to_string(items.size())));
  const auto reply = call("POST", path(), body(items));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(Json(reply.body).items("/embeddings").size(), 6U);
  expect_error(call("POST", path(), body(items) + "x"), 400, "INVALID_ARGUMENT");
  hang_up_on(body(items), 6);
  const auto again = call("POST", path(), body(items));
  EXPECT_EQ(again.body, reply.body);
  EXPECT_EQ(accepted(), 12);
  EXPECT_EQ(daemon_->stop(), 0);
  EXPECT_EQ(storage::testing::Raw(daemon_->database()).ask("SELECT count(*) FROM stage"), "0");
}

TEST_F(Embeds, WhatCannotBeIsRefusedWhole) {
  start({}, {.config = {{"server.max_body", "\"64KiB\""}}});
  const auto other = R"({"model":"models/gemini-embedding-2","content":{"parts":[{"text":"x"}]}})";
  const std::pair<std::string, std::string> table[] = {
      {"", "JSON"},
      {"{", "JSON"},
      {"[]", "object"},
      {"{}", "\"requests\""},
      {R"({"requests":[]})", "empty"},
      {R"({"requests":{}})", "list"},
      {body({item("x"), "7"}), "object"},
      {body({item("x"), other}), "requests[1]: \"model\""},
      {R"({"request":[]})", "\"request\""},
  };
  for (const auto& [bad, words] : table) expect_error(call("POST", path(), bad), 400, "INVALID_ARGUMENT", words);
  expect_error(call("POST", path(), texts({std::string(70'000, 'x')})), 413, "INVALID_ARGUMENT");
  expect_error(call("POST", path("a%20b"), texts({"x"})), 400, "INVALID_ARGUMENT");
  expect_error(call("POST", path(), texts({"x"}), {{"x-batchd-account", "nobody"}}), 400, "INVALID_ARGUMENT");
  expect_error(call("GET", path()), 501, "UNIMPLEMENTED");
  EXPECT_EQ(accepted(), 0);
}

TEST_F(Embeds, AllOrNone) {
  start({}, {.config = {
                 {"packing.max_age", "\"24h\""}, {"limits.max_queued_requests", "3"}, {"limits.owner_share", "100"}}});
  post("waits");
  expect_error(call("POST", path(), texts({"a", "b", "c"})), 429, "RESOURCE_EXHAUSTED");
  EXPECT_EQ(accepted(), 1);
  EXPECT_EQ(daemon_->in_state("queued"), 1);
}

TEST_F(Embeds, ACallerThatHungUpTakesItsItemsOver) {
  start({.job_seconds = 1});
  hang_up_on(texts({"a", "b", "a"}), 3);
  const auto reply = call("POST", path(), texts({"a", "b", "a"}));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(Json(reply.body).items("/embeddings").size(), 3U);
  EXPECT_EQ(accepted(), 3);
  EXPECT_EQ(billed("a"), 2);
  EXPECT_EQ(billed("b"), 1);
  // Answered now: the next is a new one.
  EXPECT_EQ(call("POST", path(), texts({"a", "b", "a"})).body, reply.body);
  EXPECT_EQ(accepted(), 6);
}

TEST_F(Embeds, AfterAKillOnlyWhatIsNewIsNew) {
  start({.job_seconds = 1});
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send("POST", path(), texts({"a", "b"}), {}));
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("packed") == 2; }));
  daemon_->restart();
  const auto reply = call("POST", path(), texts({"b", "c", "a"}));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(accepted(), 3);
  for (const auto* prompt : {"a", "b", "c"}) EXPECT_EQ(billed(prompt), 1) << prompt;
}

TEST_F(Embeds, AKeyStandsForTheWholeCall) {
  start();
  const Headers key{{"Idempotency-Key", "k"}};
  const auto first = call("POST", path(), texts({"a", "b"}), key);
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(call("POST", path(), texts({"a", "b"}), key).body, first.body);
  EXPECT_EQ(accepted(), 2);
  for (const auto& another : {texts({"a"}), texts({"a", "b", "c"}), texts({"b", "a"})})
    expect_error(call("POST", path(), another, key), 422, "INVALID_ARGUMENT");
  expect_error(call("POST", "/gemini/v1beta/models/" + std::string(kEmbedder) + ":embedContent", item("a"), key), 422,
               "INVALID_ARGUMENT");
  EXPECT_EQ(accepted(), 2);
  EXPECT_TRUE(results("").empty());
}

TEST_F(Embeds, OneThatFailedIsNamedAndTheOthersWait) {
  start({.faults = R"({"rules":[{"on":"line","if_prompt_contains":"POISON","first":2,"do":"error","code":3,)"
                   R"("message":"no such thing"}]})"});
  const auto all = texts({"a", "POISON 1", "b", "POISON 2"});
  const auto failed = call("POST", path(), all);
  expect_error(failed, 400, "INVALID_ARGUMENT", "requests[1]: no such thing (2 of 4 failed)");
  EXPECT_EQ(accepted(), 4);
  // What came is still there for the same call, and only what failed is tried again.
  const auto again = call("POST", path(), all);
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(accepted(), 6);
  for (const auto* prompt : {"a", "b", "POISON 1", "POISON 2"}) EXPECT_EQ(billed(prompt), 1) << prompt;
}

TEST_F(Embeds, AModelThatIsNotThereIsGooglesNotFound) {
  start();
  expect_error(call("POST", path("nosuchmodel"), R"({"requests":[{"content":{"parts":[{"text":"x"}]}}]})"), 404,
               "NOT_FOUND", "requests[0]: ");
}

TEST_F(Embeds, ADamagedItemIsSaidOnceAndThenRunAnew) {
  start();
  hang_up_on(texts({"a", "b"}), 2);
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == 2; }));
  EXPECT_EQ(daemon_->stop(), 0);
  {
    storage::testing::Raw raw(daemon_->database());
    ASSERT_EQ(raw.run("UPDATE chunk SET data = CAST(substr(data, 1, length(data) - 1) || 'X' AS BLOB)"
                      " WHERE id = (SELECT result * 512 FROM request ORDER BY id DESC LIMIT 1)"),
              0);
  }
  daemon_->start();
  expect_error(call("POST", path(), texts({"a", "b"})), 500, "DATA_LOSS", "requests[1]: ");
  const auto again = call("POST", path(), texts({"a", "b"}));
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(accepted(), 3);
  EXPECT_EQ(billed("a"), 1);
  EXPECT_EQ(billed("b"), 2);
}

TEST_F(Embeds, AStopLeavesOrphans) {
  start({.job_seconds = 2});
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send("POST", path(), texts({"a", "b"}), {}));
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("packed") == 2; }));
  daemon_->process().kill(SIGTERM);
  const auto reply = http.receive();
  ASSERT_TRUE(reply);
  expect_error(*reply, 503, "UNAVAILABLE");
  EXPECT_EQ(daemon_->process().wait(), 0);
  daemon_->start();
  EXPECT_EQ(call("POST", path(), texts({"a", "b"})).status, 200);
  EXPECT_EQ(accepted(), 2);
}

}  // namespace
}  // namespace batchd::e2e
