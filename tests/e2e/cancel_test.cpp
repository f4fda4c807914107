// Cancelling requests, and retrying them.
#include "tests/e2e/calls.h"
#include "tests/harness/prometheus_text.h"

namespace batchd::e2e {
namespace {

class Cancel : public CallsTest {
 protected:
  Json show(const std::string& id) { return Json(call("GET", "/v1/requests/" + id).body); }
  HttpReply cancel(const std::string& id) { return call("DELETE", "/v1/requests/" + id); }
  HttpReply retry(const std::string& id, const Headers& headers = {}) {
    return call("POST", "/v1/requests/" + id + "/retry", "", headers);
  }
};

const std::map<std::string, std::string> kQuietCancel{{"packing.max_age", "\"24h\""}};

TEST_F(Cancel, AQueuedRequestIsGoneBeforeItLeft) {
  start({}, {.config = kQuietCancel});
  const auto id = post("regretted");
  LocalHttp waiting(daemon_->socket());
  ASSERT_TRUE(waiting.send("GET", "/v1/requests/" + id + "?wait=600", "", {}));
  const auto said = cancel(id);
  EXPECT_EQ(said.status, 200) << said.body;
  EXPECT_EQ(Json(said.body).text("/id"), id);
  EXPECT_EQ(Json(said.body).text("/state"), "cancelled");
  EXPECT_EQ(Json(said.body).text("/was"), "queued");
  const auto told = waiting.receive();  // whoever waited is told
  ASSERT_TRUE(told);
  EXPECT_EQ(Json(told->body).text("/state"), "cancelled");

  const auto again = cancel(id);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(Json(again.body).text("/code"), "already_finished");
  EXPECT_EQ(show(id).text("/state"), "cancelled");
  EXPECT_EQ(results("").at(0).text("/id"), id);  // an end like others
  EXPECT_TRUE(daemon_->admin_status().flag("/balanced"));
}

TEST_F(Cancel, APackedRequestEndsAtOnceAndItsResultIsDropped) {
  start({.job_seconds = 2});
  const auto id = post("too late");
  const auto other = post("unharmed");
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("packed") == 2; }));
  const auto said = cancel(id);
  EXPECT_EQ(said.status, 200) << said.body;
  EXPECT_EQ(Json(said.body).text("/was"), "packed");
  EXPECT_EQ(show(id).text("/state"), "cancelled");
  EXPECT_EQ(answer_text(finished(other)), "echo: unharmed");
  ASSERT_TRUE(eventually([&] { return daemon_->admin_status().items("/live_batches").empty(); }));
  EXPECT_EQ(show(id).text("/state"), "cancelled");
  EXPECT_TRUE(daemon_->admin_status().flag("/balanced"));
}

// The line that comes for it is counted: somebody may have to pay for it.
TEST_F(Cancel, TheLineOfACancelledMemberIsCountedAsDropped) {
  start({.job_seconds = 2});
  const auto id = post("too late");
  const auto other = post("unharmed");
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("packed") == 2; }));
  const auto batch = show(id).text("/batch");
  ASSERT_EQ(show(other).text("/batch"), batch) << "both are on one batch";
  const auto submitted = [&] {
    return Json(call("GET", "/admin/batches/" + batch).body).text("/state") == "submitted";
  };
  ASSERT_TRUE(eventually(submitted));
  ASSERT_EQ(cancel(id).status, 200);
  EXPECT_EQ(answer_text(finished(other)), "echo: unharmed");
  ASSERT_TRUE(eventually([&] { return daemon_->admin_status().items("/live_batches").empty(); }));
  const Json counted(call("GET", "/admin/batches/" + batch).body);
  EXPECT_EQ(counted.text("/state"), "done");
  EXPECT_EQ(counted.number("/lines/dropped"), 1);
  EXPECT_EQ(counted.number("/lines/succeeded"), 1);
  EXPECT_EQ(counted.number("/lines/missing"), 0);
  const auto metrics = parse_prometheus(call("GET", "/metrics").body);
  EXPECT_EQ(metrics.value("batchd_result_lines_total", {{"outcome", "dropped"}}), 1);
  EXPECT_EQ(emulator_->ledger().lines("billed").at(prompt_digest("too late")), 1);
}

TEST_F(Cancel, AGroupGoesAsOne) {
  start({}, {.config = kQuietCancel});
  std::string body;
  for (int i = 0; i < 3000; ++i) body += bulk_line("x", std::to_string(i)) + '\n';
  const auto name = std::string("night%20run");
  EXPECT_EQ(bulk(name, body).number("/accepted"), 3000);
  const auto alone = post("unharmed");
  const auto first = call("GET", "/v1/requests?key=7").body;
  EXPECT_EQ(cancel(Json(first).text("/requests/0/id")).status, 200);
  const auto said = call("DELETE", "/v1/groups/" + name);
  EXPECT_EQ(said.status, 200) << said.body;
  EXPECT_EQ(Json(said.body).text("/group"), "night run");
  EXPECT_EQ(Json(said.body).number("/cancelled"), 2999);
  EXPECT_EQ(Json(said.body).number("/finished"), 1);
  EXPECT_EQ(Json(call("DELETE", "/v1/groups/" + name).body).number("/cancelled"), 0);
  EXPECT_EQ(show(alone).text("/state"), "queued");
  EXPECT_EQ(daemon_->in_state("cancelled"), 3000);
  // What was cancelled is known when the file comes again.
  EXPECT_EQ(bulk(name, body).number("/known"), 3000);
}

TEST_F(Cancel, WhatEndedWithoutAResponseGoesAgain) {
  start();
  const auto reply = call("POST", "/v1/requests",
                          R"({"model":"nosuchmodel","key":"k","channel":"c","labels":{"a":"b"},)"
                          R"("deadline":"24h","request":{"contents":[{"parts":[{"text":"x"}]}]}})");
  const auto id = Json(reply.body).text("/id");
  ASSERT_EQ(finished(id).text("/state"), "failed");
  const auto again = retry(id);
  EXPECT_EQ(again.status, 202) << again.body;
  const Json request(again.body);
  EXPECT_NE(request.text("/id"), id);
  EXPECT_EQ(again.header("location"), "/v1/requests/" + request.text("/id"));
  EXPECT_EQ(request.text("/key"), "k");
  EXPECT_EQ(request.text("/channel"), "c");
  EXPECT_EQ(request.text("/labels/a"), "b");
  EXPECT_FALSE(request.has("/deadline"));
  EXPECT_EQ(finished(request.text("/id")).text("/state"), "failed");  // the model still isn't there
}

TEST_F(Cancel, ALargeOneGoesAgainOnceForEachKey) {
  start({}, {.config = {{"packing.max_age", "\"2s\""}}});
  const std::string large(2'500'000, 'x');
  const auto id = post(large);
  EXPECT_EQ(retry(id).status, 409);
  EXPECT_EQ(cancel(id).status, 200);
  const Headers key{{"Idempotency-Key", "again-1"}};
  const auto first = retry(id, key);
  const auto second = retry(id, key);
  ASSERT_EQ(first.status, 202) << first.body;
  const auto copy = Json(first.body).text("/id");
  EXPECT_EQ(Json(second.body).text("/id"), copy);
  EXPECT_TRUE(answer_text(finished(copy)) == "echo: " + large);
  const auto done = retry(copy);
  EXPECT_EQ(done.status, 409);
  EXPECT_EQ(Json(done.body).text("/code"), "not_failed");
  EXPECT_EQ(retry(id, {{"Idempotency-Key", "with space"}}).status, 400);
  EXPECT_EQ(daemon_->admin_status().number("/accepted"), 2);
}

// What was repeated is purged before its retry is: the key still knows the retry.
TEST_F(Cancel, ARetryIsKnownByItsKeyWhenTheOldOneIsGone) {
  start({}, {.config = {{"packing.max_age", "\"24h\""},
                        {"retention.results", "\"300ms\""},
                        {"retention.purge_every", "\"100ms\""}}});
  const auto id = post("again");
  ASSERT_EQ(cancel(id).status, 200);
  const Headers key{{"Idempotency-Key", "again-1"}};
  const auto first = retry(id, key);
  ASSERT_EQ(first.status, 202) << first.body;
  const auto copy = Json(first.body).text("/id");
  ASSERT_TRUE(eventually([&] { return call("GET", "/v1/requests/" + id).status == 404; }));
  const auto second = retry(id, key);
  EXPECT_EQ(second.status, 202) << second.body;
  EXPECT_EQ(Json(second.body).text("/id"), copy);
  EXPECT_EQ(second.header("location"), "/v1/requests/" + copy);
  EXPECT_EQ(retry(id).status, 404);
  EXPECT_EQ(retry(id, {{"Idempotency-Key", "again-2"}}).status, 404);
  const auto misused = retry(copy, key);
  EXPECT_EQ(misused.status, 422);
  EXPECT_EQ(Json(misused.body).text("/code"), "idempotency_key_reused");
  EXPECT_EQ(daemon_->admin_status().number("/accepted"), 2);
}

}  // namespace
}  // namespace batchd::e2e
