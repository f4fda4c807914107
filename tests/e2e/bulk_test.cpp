// A file of requests in one call: each line is accepted once, whatever breaks and however often it is sent.
#include <sqlite3.h>

#include <set>

#include "tests/e2e/calls.h"

namespace batchd::e2e {
namespace {

class Bulk : public CallsTest {
 protected:
  // Nothing leaves, so that only intake is looked at.
  void start_quietly(std::map<std::string, std::string> config = {}) {
    config["packing.max_age"] = "\"24h\"";
    config["packing.max_tokens"] = "1000000000";
    config["packing.max_items"] = "200000";
    start({}, {.config = config});
  }
  static std::string lines(int count, const std::string& prompt = "line ") {
    std::string body;
    for (int i = 1; i <= count; ++i) body += bulk_line(prompt + std::to_string(i), std::to_string(i)) + '\n';
    return body;
  }
  // Bodies that were spooled, and neither adopted nor discarded. The daemon has stopped.
  std::int64_t forgotten_stages() {
    sqlite3* database = nullptr;
    sqlite3_stmt* count = nullptr;
    std::int64_t stages = -1;
    if (sqlite3_open_v2(daemon_->database().c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
        sqlite3_prepare_v2(database, "SELECT count(*) FROM stage", -1, &count, nullptr) == SQLITE_OK &&
        sqlite3_step(count) == SQLITE_ROW)
      stages = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(database);
    return stages;
  }
  static std::string head(const std::string& group, std::size_t bytes) {
    return "POST " + target(group) + " HTTP/1.1\r\nHost: batchd\r\nContent-Type: application/x-ndjson; charset=utf-8" +
           "\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n";
  }
};

TEST_F(Bulk, EveryLineComesBackUnderItsKey) {
  start();
  // Blank lines count; line ends may be CRLF; the last line needs none.
  const auto said =
      bulk("night", bulk_line("one", "k1") + "\r\n\n  \n" + bulk_line("two", "k2") + "\n" + bulk_line("three"));
  EXPECT_EQ(said.text("/group"), "night");
  EXPECT_EQ(said.text("/channel"), "night");
  EXPECT_EQ(said.number("/lines"), 3);
  EXPECT_EQ(said.number("/accepted"), 3);
  EXPECT_EQ(said.number("/known"), 0);
  EXPECT_EQ(said.number("/refused"), 0);
  EXPECT_TRUE(said.items("/errors").empty());
  std::map<std::string, std::string> answers;
  for (const auto& result : all_results("night", 3)) {
    answers[result.text("/key")] = answer_text(result);
    EXPECT_EQ(result.text("/group"), "night");
    EXPECT_EQ(result.text("/channel"), "night");
  }
  const std::map<std::string, std::string> expected{{"k1", "echo: one"}, {"k2", "echo: two"}, {"", "echo: three"}};
  EXPECT_EQ(answers, expected);
}

TEST_F(Bulk, ErrorsAreSaidByLineAndTheOthersAreAccepted) {
  start_quietly();
  const auto said = bulk("g", bulk_line("good") + "\n\n{\"request\":\n" + R"({"request":{},"model":"m"})" + "\n" +
                                  R"({"key":"only"})" + "\n[]\n" + bulk_line("fine") + "\nnonsense");
  EXPECT_EQ(said.number("/lines"), 7);
  EXPECT_EQ(said.number("/accepted"), 2);
  EXPECT_EQ(said.number("/refused"), 5);
  std::vector<std::pair<std::int64_t, std::string>> errors;
  for (const auto& error : said.items("/errors")) errors.emplace_back(error.number("/line"), error.text("/code"));
  const std::vector<std::pair<std::int64_t, std::string>> expected{
      {3, "bad_json"}, {4, "unknown_member"}, {5, "missing_member"}, {6, "not_an_object"}, {8, "bad_json"}};
  EXPECT_EQ(errors, expected);
  EXPECT_EQ(accepted(), 2);
}

TEST_F(Bulk, WithoutAGoodLineItIsAnError) {
  start_quietly();
  const auto reply = call("POST", target("g"), "{}\nx\n", kLines);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.header("content-type"), "application/problem+json");
  const Json problem(reply.body);
  EXPECT_EQ(problem.text("/code"), "no_line_accepted");
  EXPECT_EQ(problem.number("/refused"), 2);
  EXPECT_EQ(problem.number("/errors/1/line"), 2);
  EXPECT_EQ(bulk("g", "\n\n").number("/lines"), 0);  // nothing at all isn't
}

TEST_F(Bulk, SentAgainEachLineIsKnownAndADifferentOneIsAnError) {
  start_quietly();
  const std::string first = bulk_line("a", "1") + '\n' + bulk_line("b", "2") + '\n';
  EXPECT_EQ(bulk("g", first).number("/accepted"), 2);
  const auto again = bulk("g", first + bulk_line("c", "3"));
  EXPECT_EQ(again.number("/accepted"), 1);
  EXPECT_EQ(again.number("/known"), 2);

  const auto differs = bulk("g", bulk_line("a", "1") + '\n' + bulk_line("B", "2") + '\n' + bulk_line("c", "other"));
  EXPECT_EQ(differs.number("/known"), 1);
  EXPECT_EQ(differs.number("/refused"), 2);
  EXPECT_EQ(differs.number("/errors/0/line"), 2);
  EXPECT_EQ(differs.text("/errors/0/code"), "line_differs");
  EXPECT_EQ(differs.number("/errors/1/line"), 3);
  // The channel is part of what a line stands for.
  EXPECT_EQ(call("POST", target("g") + "&channel=elsewhere", first, kLines).status, 400);
  EXPECT_EQ(accepted(), 3);
  EXPECT_EQ(bulk("h", first).number("/accepted"), 2);
}

TEST_F(Bulk, AnotherUsersGroupIsAnotherGroup) {
  start_quietly();
  if (!is_root()) GTEST_SKIP() << "needs root";
  const auto body = lines(2);
  EXPECT_EQ(bulk("shared", body).number("/accepted"), 2);
  const auto theirs = call_as(1001, "POST", target("shared"), body, kLines);
  EXPECT_EQ(theirs.status, 202);
  EXPECT_EQ(Json(theirs.body).number("/accepted"), 2);
  EXPECT_EQ(accepted(), 4);
}

TEST_F(Bulk, ACutUploadIsSimplySentAgain) {
  start_quietly();
  const auto body = lines(3000);
  for (const auto part : {body.size() / 5, body.size() / 2, body.size() * 9 / 10}) {
    const auto before = accepted();
    LocalHttp http(daemon_->socket());
    ASSERT_TRUE(http.send_bytes(head("cut", body.size()) + body.substr(0, part)));
    EXPECT_TRUE(eventually([&] { return accepted() > before; }));
    http.close();
  }
  const auto last = bulk("cut", body);
  EXPECT_GT(last.number("/known"), 0);
  EXPECT_EQ(last.number("/known") + last.number("/accepted"), 3000);
  EXPECT_EQ(last.number("/refused"), 0);
  EXPECT_EQ(accepted(), 3000);
}

TEST_F(Bulk, ADaemonThatDiesOnTheWayKnowsWhatItHad) {
  start_quietly();
  const auto body = lines(3000);
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send_bytes(head("killed", body.size()) + body.substr(0, body.size() / 2)));
  ASSERT_TRUE(eventually([&] { return accepted() > 0; }));
  daemon_->restart();
  const auto last = bulk("killed", body);
  EXPECT_GE(last.number("/known"), 500);
  EXPECT_EQ(last.number("/known") + last.number("/accepted"), 3000);
  EXPECT_EQ(accepted(), 3000);
}

TEST_F(Bulk, AChunkedBodyWillDo) {
  start_quietly();
  const auto body = lines(700);
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send_bytes("POST " + target("chunks") +
                              " HTTP/1.1\r\nHost: batchd\r\nContent-Type: application/x-ndjson\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n"));
  for (std::size_t at = 0; at < body.size(); at += 1000) {
    const auto piece = body.substr(at, 1000);
    std::ostringstream size;
    size << std::hex << piece.size();
    ASSERT_TRUE(http.send_bytes(size.str() + "\r\n" + piece + "\r\n"));
  }
  ASSERT_TRUE(http.send_bytes("0\r\n\r\n"));
  const auto reply = http.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 202) << reply->body;
  EXPECT_EQ(Json(reply->body).number("/accepted"), 700);
}

TEST_F(Bulk, LargeLinesAreStagedAndNothingOfThemIsLeft) {
  start();
  const std::string large(1'500'000, 'x');
  const auto body = bulk_line(large, "a") + '\n' + bulk_line("small", "b") + '\n' + bulk_line(large + 'y', "c") + '\n';
  EXPECT_EQ(bulk("g", body).number("/accepted"), 3);
  EXPECT_EQ(bulk("g", body).number("/known"), 3);
  // A differing one, one that turns out to be faulty at its end, and one that is cut.
  const auto bad = bulk_line(large + 'z') + "\n\n\n" + bulk_line(large) + "x\n";
  EXPECT_EQ(call("POST", target("g"), bad, kLines).status, 400);
  {
    LocalHttp http(daemon_->socket());
    ASSERT_TRUE(http.send_bytes(head("g", 10 << 20) + "\n\n\n\n\n" + bulk_line(large).substr(0, 1'400'000)));
  }
  const auto found = all_results("g", 3);
  std::set<std::string> answers;
  for (const auto& result : found) answers.insert(answer_text(result));
  EXPECT_TRUE(answers.contains("echo: " + large));
  EXPECT_TRUE(answers.contains("echo: " + large + 'y'));
  EXPECT_EQ(accepted(), 3);
  EXPECT_EQ(daemon_->stop(), 0);
  EXPECT_EQ(forgotten_stages(), 0);
}

TEST_F(Bulk, AFullQueueStopsItAndSaysHowFarItCame) {
  start_quietly({{"limits.max_queued_requests", "700"}, {"limits.owner_share", "100"}});
  const auto reply = call("POST", target("g"), lines(1600), kLines);
  EXPECT_EQ(reply.status, 429) << reply.body;
  EXPECT_NE(reply.header("retry-after"), "");
  const Json problem(reply.body);
  EXPECT_EQ(problem.text("/code"), "queue_full");
  EXPECT_TRUE(problem.flag("/retryable"));
  EXPECT_EQ(problem.number("/accepted"), 500);
  EXPECT_EQ(problem.number("/known"), 0);
  EXPECT_GE(problem.number("/lines"), 500);
  EXPECT_NE(problem.text("/hint").find("same group"), std::string::npos) << problem.dump();
  EXPECT_EQ(accepted(), 500);
}

TEST_F(Bulk, ABodyOverTheLimitIsRefused) {
  start_quietly({{"server.max_bulk", "\"64KiB\""}});
  const auto reply = call("POST", target("g"), lines(2000), kLines);
  EXPECT_EQ(reply.status, 413) << reply.body;
  EXPECT_EQ(Json(reply.body).text("/code"), "too_large");
  EXPECT_EQ(Json(reply.body).number("/accepted"), 0);
}

TEST_F(Bulk, AStopInTheMiddleSaysSo) {
  start_quietly();
  const auto body = lines(1500);
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.send_bytes(head("stopped", body.size()) + body.substr(0, body.size() / 2)));
  ASSERT_TRUE(eventually([&] { return accepted() > 0; }));
  daemon_->process().kill(SIGTERM);
  const auto reply = http.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503) << reply->body;
  EXPECT_EQ(Json(reply->body).text("/code"), "stopping");
  EXPECT_GE(Json(reply->body).number("/accepted"), 500);
  EXPECT_EQ(daemon_->process().wait(), 0);
  daemon_->start();
  EXPECT_EQ(bulk("stopped", body).number("/refused"), 0);
  EXPECT_EQ(accepted(), 1500);
}

TEST_F(Bulk, AFileInAnotherFormIsToldOnceAndNothingOfItIsStored) {
  start_quietly();
  std::string commas, wide;
  for (int i = 0; i < 200; ++i) commas += bulk_line("x", std::to_string(i)) + ",\n";
  for (const char c : lines(3)) wide += {c, '\0'};
  for (const auto& body : {commas, wide, "\xEF\xBB\xBF" + lines(3), "[" + bulk_line("x") + "]",
                           std::string(R"({"custom_id":"a","body":{"messages":[]}})"
                                       "\n"),
                           std::string(R"({"key":"a","request":{"messages":[]}})"
                                       "\n") +
                               lines(3)}) {
    const auto reply = call("POST", target("g"), body, kLines);
    EXPECT_EQ(reply.status, 400) << reply.body;
    const Json problem(reply.body);
    EXPECT_TRUE(problem.text("/detail").starts_with("the file") || problem.text("/detail").starts_with("the requests"))
        << reply.body;
    EXPECT_EQ(problem.number("/accepted"), 0);
    EXPECT_FALSE(problem.has("/errors")) << reply.body;
  }
  EXPECT_EQ(accepted(), 0);
  EXPECT_EQ(bulk("g", R"({"key":null,"request":{}})"
                      "\n" +
                          lines(1))
                .number("/accepted"),
            2)
      << "null is none";
  EXPECT_EQ(daemon_->stop(), 0);
  EXPECT_EQ(forgotten_stages(), 0);
}

TEST_F(Bulk, WhatItHasNoUseForIsRefusedAndNotIgnored) {
  start_quietly();
  const Headers keyed{{"Content-Type", "application/jsonl"}, {"Idempotency-Key", "k"}};
  const auto reply = call("POST", target("g"), lines(1), keyed);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(Json(reply.body).text("/code"), "bad_idempotency_key");
  EXPECT_NE(Json(reply.body).text("/detail").find("group"), std::string::npos) << reply.body;
  const Headers account{{"Content-Type", "application/jsonl"}, {"X-Batchd-Account", "other"}};
  EXPECT_EQ(Json(call("POST", target("g"), lines(1), account).body).text("/code"), "bad_account");
  EXPECT_EQ(accepted(), 0);
}

}  // namespace
}  // namespace batchd::e2e
