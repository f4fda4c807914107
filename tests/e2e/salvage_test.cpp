// When a job, a key or the database itself ends badly: what was paid for is delivered and paid for once, the rest goes
// on or says why it doesn't, and nothing is lost.
#include <filesystem>
#include <vector>

#include "tests/e2e/e2e_fixture.h"
#include "tests/e2e/many_posts.h"

namespace batchd::e2e {
namespace {

constexpr int kPrompts = 10;
// One batch takes all of them. What comes back to the queue waits for flush().
const auto kTogether = leave_by_count(kPrompts);

class Salvage : public E2eTest {
 protected:
  static std::string prompt(int i) { return "salvage " + std::to_string(i); }

  void post_all() {
    for (int i = 0; i < kPrompts; ++i) ids_.push_back(post(prompt(i)));
  }
  void flush() {
    LocalHttp http(daemon_->socket());
    EXPECT_EQ(http.post("/admin/lanes/flush", "").value_or(HttpReply()).status, 200);
  }
  void expect_nothing_paid_twice() {
    const auto billed = emulator_->ledger().lines("billed");
    for (const auto& [digest, times] : billed) EXPECT_EQ(times, 1) << digest;
  }
  bool has_job() { return emulator_->ledger().count("job") > 0; }
  std::string only_job() {
    for (const auto& row : emulator_->ledger().rows())
      if (row.event == "job") return row.job;
    return {};
  }

  std::vector<std::string> ids_;
};

TEST_F(Salvage, HalfAnExpiredOrFailedJobIsDeliveredAndTheOtherHalfGoesAgain) {
  for (const std::string end : {R"("do":"expire")", R"("do":"fail","code":13)", R"("do":"fail","code":3)"}) {
    SCOPED_TRACE(end);
    const auto faults = R"({"rules":[{"on":"job","nth":1,)" + end + R"(,"executed":0.5}]})";
    if (daemon_) {
      ASSERT_EQ(emulator_->post("/emulator/faults", faults), 200);
    } else {
      start({.faults = faults}, {.config = kTogether});
    }
    const auto jobs = emulator_->ledger().count("job");
    std::vector<std::string> ids;
    for (int i = 0; i < kPrompts; ++i) ids.push_back(post(end + prompt(i)));
    ASSERT_TRUE(eventually([&] { return daemon_->in_state("queued") == kPrompts / 2; }));
    flush();
    int again = 0;
    for (int i = 0; i < kPrompts; ++i) {
      const auto request = finished(ids[static_cast<std::size_t>(i)]);
      EXPECT_EQ(answer_text(request), "echo: " + end + prompt(i)) << request.dump();
      again += static_cast<int>(request.number("/attempts"));
    }
    EXPECT_EQ(again, kPrompts / 2);
    EXPECT_EQ(emulator_->ledger().count("job"), jobs + 2);
    expect_nothing_paid_twice();
    EXPECT_TRUE(daemon_->admin_status().flag("/balanced"));
  }
}

// Somebody cancels it at the provider: what it had done is delivered, the rest may have been charged and isn't sent
// again.
TEST_F(Salvage, WhatAJobHadDoneBeforeSomebodyCancelledItIsDelivered) {
  start({.job_seconds = 20, .faults = R"({"rules":[{"on":"job","do":"cancel_partly","executed":0.5}]})"},
        {.config = kTogether});
  post_all();
  ASSERT_TRUE(eventually([&] { return has_job(); }));
  ASSERT_TRUE(eventually([&] { return daemon_->batches_in_state("submitted") == 1; }));
  // Only a job that runs has done anything: after a quarter of its time.
  breathe(Milliseconds(6000));
  ASSERT_EQ(emulator_->post("/v1beta/batches/" + only_job() + ":cancel", "{}"), 200);
  int delivered = 0, failed = 0;
  for (int i = 0; i < kPrompts; ++i) {
    const auto request = finished(ids_[static_cast<std::size_t>(i)]);
    if (request.text("/state") == "succeeded") {
      EXPECT_EQ(answer_text(request), "echo: " + prompt(i));
      ++delivered;
    } else {
      EXPECT_EQ(request.text("/state"), "failed") << request.dump();
      EXPECT_EQ(request.number("/error/code"), 1);
      ++failed;
    }
  }
  EXPECT_EQ(delivered, kPrompts / 2);
  EXPECT_EQ(failed, kPrompts / 2);
  EXPECT_EQ(emulator_->ledger().count("job"), 1U);
  expect_nothing_paid_twice();
}

TEST_F(Salvage, ARevokedKeyLosesNothingAndANewOneGoesOn) {
  start({.job_seconds = 3}, {.api_key = "project:old", .config = kTogether});
  post_all();
  ASSERT_TRUE(eventually([&] { return daemon_->batches_in_state("submitted") == 1; }));
  ASSERT_EQ(
      emulator_->post("/emulator/faults", R"({"rules":[{"on":"any","do":"invalid_key","if_key":"project:old"}]})"),
      200);
  ASSERT_TRUE(eventually([&] { return !daemon_->admin_status().flag("/accounts/0/healthy", true); }));
  const auto late = post("after the revocation");
  const auto status = daemon_->admin_status();
  EXPECT_EQ(status.number("/requests/packed/items"), kPrompts);
  EXPECT_EQ(status.number("/requests/queued/items"), 1);
  EXPECT_NE(status.text("/accounts/0/detail").find("API key"), std::string::npos) << status.dump();

  write_file(folder_.file("key"), "project:new");
  flush();
  for (int i = 0; i < kPrompts; ++i)
    EXPECT_EQ(answer_text(finished(ids_[static_cast<std::size_t>(i)])), "echo: " + prompt(i));
  EXPECT_EQ(answer_text(finished(late)), "echo: after the revocation");
  EXPECT_TRUE(daemon_->admin_status().flag("/accounts/0/healthy"));
  expect_nothing_paid_twice();
}

// 2 x log2(1000) + 2 = 21.9
TEST_F(Salvage, OnePoisonousRequestAmongAThousandFailsAloneAndCheaply) {
  auto config = leave_by_count(1000);
  config["log.level"] = "\"info\"";
  start({.faults = R"({"rules":[{"on":"create","do":"status","status":400,"if_prompt_contains":"POISON"}]})"},
        {.config = config});
  ASSERT_EQ(post_many(daemon_->socket(), "harmless", 700), 700);
  const auto poison = post("a POISON among them");
  ASSERT_EQ(post_many(daemon_->socket(), "harmless too", 299), 299);
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == 999; }, Milliseconds(120'000)));
  const auto request = finished(poison);
  EXPECT_EQ(request.text("/state"), "failed");
  EXPECT_EQ(request.number("/error/code"), 3);
  EXPECT_EQ(request.text("/error/source"), "provider");
  const auto refused = emulator_->ledger().count_faults("create", "status");
  EXPECT_GE(refused, 10U);
  EXPECT_LE(emulator_->ledger().count("job") + refused, 21U);
  EXPECT_EQ(emulator_->ledger().lines("billed").size(), 999U);
  expect_nothing_paid_twice();
}

// The database of yesterday doesn't know what was sent since: to go on would send it again.
TEST_F(Salvage, ARestoredDatabaseSubmitsNothingWhileAJobOfItsFutureRuns) {
  start({.job_seconds = 1});
  ASSERT_EQ(finished(post("before the backup")).text("/state"), "succeeded");
  ASSERT_EQ(daemon_->stop(), 0);
  const auto state = std::filesystem::path(daemon_->database()).parent_path();
  std::filesystem::copy(state, folder_.path() / "backup", std::filesystem::copy_options::recursive);

  ASSERT_EQ(emulator_->post("/emulator/faults", R"({"rules":[{"on":"job","do":"stuck"}]})"), 200);
  daemon_->start();
  post("after the backup");
  ASSERT_TRUE(eventually([&] { return daemon_->batches_in_state("submitted") == 1; }));
  daemon_->kill_hard();
  std::filesystem::remove_all(state);
  std::filesystem::copy(folder_.path() / "backup", state, std::filesystem::copy_options::recursive);
  std::filesystem::permissions(state, std::filesystem::perms::owner_all);
  daemon_->start();

  ASSERT_TRUE(eventually([&] { return !daemon_->admin_status().flag("/accounts/0/healthy", true); }));
  EXPECT_NE(daemon_->admin_status().text("/accounts/0/detail").find("batchctl attention"), std::string::npos);
  post("after the backup");
  const auto jobs = emulator_->ledger().count("job");
  daemon_->restart();  // and doesn't forget
  breathe(Milliseconds(1000));
  EXPECT_EQ(daemon_->in_state("queued"), 1);
  EXPECT_EQ(emulator_->ledger().count("job"), jobs);
  EXPECT_EQ(emulator_->ledger().count("cancel"), 0U);

  LocalHttp http(daemon_->socket());
  const auto resumed = http.post("/admin/accounts/default/resume", "");
  ASSERT_TRUE(resumed);
  EXPECT_EQ(resumed->status, 200) << resumed->body;
  EXPECT_TRUE(eventually([&] { return emulator_->ledger().count("job") == jobs + 1; }));
  EXPECT_TRUE(daemon_->admin_status().flag("/accounts/0/healthy"));
}

TEST_F(Salvage, ADeadlineEndsTheRequestAndTheJobThatRunsForNobody) {
  start({.job_seconds = 600}, {.config = {{"packing.max_age", "\"600s\""}}});
  LocalHttp http(daemon_->socket());
  auto body = submission("too late");
  body.insert(1, R"("deadline":"3s","on_deadline":"fail",)");
  const auto reply = http.post("/v1/requests", body);
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->status, 202) << reply->body;
  // It leaves at once: no batch is back in three seconds.
  ASSERT_TRUE(eventually([&] { return has_job(); }));
  const auto request = finished(Json(reply->body).text("/id"));
  EXPECT_EQ(request.text("/state"), "expired") << request.dump();
  EXPECT_EQ(request.text("/error/source"), "batchd");
  EXPECT_TRUE(eventually([&] { return daemon_->batches_in_state("done") == 1; }));
  EXPECT_EQ(emulator_->ledger().count("cancel"), 1U);
  EXPECT_TRUE(emulator_->ledger().lines("billed").empty());
  EXPECT_TRUE(daemon_->admin_status().flag("/balanced"));
}

}  // namespace
}  // namespace batchd::e2e
