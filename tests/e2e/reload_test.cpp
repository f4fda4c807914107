// Reloading the configuration, a full queue, a full disk: what the daemon accepts, and that it resumes by itself.
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <list>

#include "tests/e2e/e2e_fixture.h"
#include "tests/harness/service_manager.h"

namespace batchd::e2e {
namespace {

class Reload : public E2eTest {
 protected:
  // Replaces a piece of the configuration file, and says SIGHUP.
  void change(const std::string& from, const std::string& to) {
    auto text = read_file(daemon_->config_file());
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_file(daemon_->config_file(), text.replace(at, from.size(), to));
    daemon_->process().kill(SIGHUP);
  }
  bool logged(const std::string& words) {
    return eventually([&] { return daemon_->log().find(words) != std::string::npos; });
  }
  HttpReply try_to_post(const std::string& prompt) {
    LocalHttp http(daemon_->socket());
    return http.post("/v1/requests", submission(prompt)).value_or(HttpReply());
  }
  void flush() {
    LocalHttp http(daemon_->socket());
    const auto reply = http.post("/admin/lanes/flush", "");
    ASSERT_TRUE(reply && reply->status == 200);
  }
};

TEST_F(Reload, AGoodFileIsInForceAtOnce) {
  start({}, {.config = {{"packing.max_age", "\"1h\""}}});
  const auto id = post("until the window is short");
  change("max_age = \"1h\"", "max_age = \"50ms\"");
  ASSERT_TRUE(logged("reloaded keys=packing.max_age")) << daemon_->log();
  EXPECT_EQ(answer_text(finished(id)), "echo: until the window is short");
}

TEST_F(Reload, AFaultyFileChangesNothingAndEveryFaultIsSaid) {
  start({}, {.config = {{"packing.max_age", "\"1h\""}}});
  const auto id = post("waits");
  change("max_age = \"1h\"", "max_age = \"soon\"\nmax_itmes = 5");
  ASSERT_TRUE(logged("max_itmes")) << daemon_->log();
  EXPECT_TRUE(logged("reload_refused"));
  EXPECT_NE(daemon_->log().find("packing.max_age"), std::string::npos);
  EXPECT_EQ(daemon_->log().find("reloaded"), std::string::npos);
  EXPECT_EQ(daemon_->in_state("queued"), 1);
  // Mended, it is taken.
  change("max_age = \"soon\"\nmax_itmes = 5", "max_age = \"50ms\"");
  EXPECT_EQ(answer_text(finished(id)), "echo: waits");
}

TEST_F(Reload, WhatNeedsARestartIsNamed) {
  start();
  change("[server]", "[server]\nmax_body = \"1MiB\"");
  EXPECT_TRUE(logged("reload_needs_restart keys=server.max_body")) << daemon_->log();
  EXPECT_EQ(answer_text(finished(post("as before"))), "echo: as before");
}

TEST_F(Reload, ConnectionsCanBecomeMoreAndFewer) {
  start({}, {.config = {{"packing.max_age", "\"1h\""}, {"limits.max_connections", "10"}}});
  const auto id = post("until all have asked");
  std::list<LocalHttp> waiting;
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(waiting.emplace_back(daemon_->socket()).send("GET", "/v1/requests/" + id + "?wait=600", {}, {}));
  const auto answered = [&](const std::string& words) {
    LocalHttp http(daemon_->socket());
    const auto reply = http.get("/metrics");  // who is turned away while it still sends may not see the 503
    return reply && reply->status == 200 && reply->body.find(words) != std::string::npos;
  };
  ASSERT_TRUE(eventually([&] { return answered("batchd_waiters 3"); }));
  change("max_connections = 10", "max_connections = 3");
  ASSERT_TRUE(logged("reloaded keys=limits.max_connections")) << daemon_->log();
  EXPECT_TRUE(eventually([&] { return !answered(""); })) << "three are waiting";
  change("max_connections = 3", "max_connections = 4");
  EXPECT_TRUE(eventually([&] { return answered("batchd_waiters 3"); }));
  change("max_connections = 4", "max_connections = 1");
  EXPECT_TRUE(eventually([&] { return !answered(""); }));
  change("max_connections = 1", "max_connections = 100");
  EXPECT_TRUE(eventually([&] { return answered("batchd_waiters 3"); }));
  EXPECT_EQ(daemon_->log().find("reload_needs_restart"), std::string::npos);
  flush();
  for (auto& http : waiting) {
    const auto reply = http.receive();
    EXPECT_TRUE(reply && reply->status == 200) << "it was cut";
  }
}

TEST_F(Reload, MoreUploadsBeginAtOnce) {
  start({.faults = R"({"rules":[{"on":"upload_start","do":"withhold","seconds":600}]})"},
        {.config = {{"packing.max_items", "1"}, {"submission.concurrency", "1"}}});
  for (const auto* prompt : {"one", "two", "three"}) post(prompt);
  EXPECT_TRUE(eventually(
      [&] { return daemon_->batches_in_state("uploading") == 1 && daemon_->batches_in_state("sealed") == 2; }));
  change("concurrency = 1", "concurrency = 3");
  ASSERT_TRUE(logged("reloaded keys=submission.concurrency")) << daemon_->log();
  EXPECT_TRUE(eventually([&] { return daemon_->batches_in_state("uploading") == 3; }));
}

TEST_F(Reload, ANewKeyIsReadFromItsFile) {
  start();
  EXPECT_EQ(answer_text(finished(post("old key"))), "echo: old key");
  write_file(folder_.file("key"), "another-key");
  daemon_->process().kill(SIGHUP);
  EXPECT_TRUE(logged("key_read account=default")) << daemon_->log();
  EXPECT_TRUE(logged("reloaded"));
  EXPECT_EQ(answer_text(finished(post("new key"))), "echo: new key");
}

TEST_F(Reload, AFullQueueSaysSoAndTakesAgainWhenItHasRoom) {
  start({}, {.config = {
                 {"packing.max_age", "\"1h\""}, {"limits.max_queued_requests", "2"}, {"limits.owner_share", "100"}}});
  const auto first = post("one");
  post("two");
  const auto refused = try_to_post("three");
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_EQ(Json(refused.body).text("/code"), "queue_full");
  EXPECT_TRUE(Json(refused.body).flag("/retryable"));
  EXPECT_NE(refused.header("retry-after"), "");
  flush();
  EXPECT_EQ(answer_text(finished(first)), "echo: one");
  EXPECT_EQ(try_to_post("three, again").status, 202);
  EXPECT_EQ(try_to_post("four").status, 202);
  EXPECT_EQ(try_to_post("five").status, 429);
  // More room, without a restart.
  change("max_queued_requests = 2", "max_queued_requests = 3");
  ASSERT_TRUE(logged("reloaded keys=limits.max_queued_requests"));
  EXPECT_EQ(try_to_post("five").status, 202);
}

TEST_F(Reload, OneOwnerLeavesRoomForTheOthers) {
  if (!is_root()) GTEST_SKIP() << "needs root, to become another user";
  start({},
        {.config = {{"packing.max_age", "\"1h\""}, {"limits.max_queued_requests", "4"}, {"limits.owner_share", "50"}}});
  post("one");
  post("two");
  EXPECT_EQ(try_to_post("three").status, 429);
  auto other = Process::fork_as(2002, [&] { return try_to_post("of another").status == 202 ? 0 : 1; });
  EXPECT_EQ(other.wait(), 0);
}

// A file system of its own for the database, small enough to fill.
class FullDisk : public Reload {
 protected:
  bool mount_state() {
    const auto state = folder_.file("state");
    std::filesystem::create_directories(state);
    mounted_ = ::mount("batchd-test", state.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=32m,mode=0700") == 0;
    return mounted_;
  }
  void TearDown() override {
    Reload::TearDown();
    daemon_.reset();
    if (mounted_) ::umount2(folder_.file("state").c_str(), MNT_DETACH);
  }
  // Fills the file system up to `free` bytes.
  void fill(std::uintmax_t free) {
    const auto available = std::filesystem::space(folder_.file("state")).available;
    ASSERT_GT(available, free);
    write_file(ballast(), std::string(available - free, 'x'));
  }
  std::string ballast() const { return folder_.file("state/ballast"); }
  bool mounted_ = false;
};

TEST_F(FullDisk, IntakeStopsResultsComeAndIntakeReturns) {
  if (!mount_state()) GTEST_SKIP() << "needs the right to mount a file system";
  start({.job_seconds = 2}, {.config = {{"store.disk_floor", "\"6MiB\""}, {"store.reserve", "\"6MiB\""}}});
  const auto id = post("paid for");
  ASSERT_TRUE(eventually([&] { return daemon_->batches_in_state("submitted") == 1; }));
  fill(8 << 20);
  const auto refused = try_to_post("no room");
  EXPECT_EQ(refused.status, 507) << refused.body;
  EXPECT_EQ(Json(refused.body).text("/code"), "disk_full");
  EXPECT_TRUE(Json(refused.body).flag("/retryable"));
  EXPECT_EQ(answer_text(finished(id)), "echo: paid for");
  std::filesystem::remove(ballast());
  EXPECT_TRUE(eventually([&] { return try_to_post("room again").status == 202; }));
}

TEST_F(FullDisk, AFullDiskIsNoHangToTheServiceManager) {
  if (!mount_state()) GTEST_SKIP() << "needs the right to mount a file system";
  const ServiceManager manager(folder_);
  start({}, {.config = {{"store.disk_floor", "\"6MiB\""}, {"store.reserve", "\"6MiB\""}},
             .environment = {{"NOTIFY_SOCKET", manager.socket()}, {"WATCHDOG_USEC", "400000"}}});
  fill(8 << 20);
  EXPECT_EQ(try_to_post("no room").status, 507);
  EXPECT_TRUE(eventually([&] { return manager.last("STATUS").starts_with("the disk is full"); }))
      << manager.last("STATUS");
  const auto before = manager.count("WATCHDOG=1");
  EXPECT_TRUE(eventually([&] { return manager.count("WATCHDOG=1") > before + 5; }));
  std::filesystem::remove(ballast());
  EXPECT_TRUE(eventually([&] { return manager.last("STATUS").starts_with("0 queued"); })) << manager.last("STATUS");
}

TEST_F(Reload, ReadyIsWhoCanWrite) {
  start({}, {.config = {{"store.disk_floor", "\"0B\""}, {"store.reserve", "\"0B\""}}});
  HttpReply last;
  const auto becomes = [&](int status) {
    return eventually([&] {
      LocalHttp http(daemon_->socket());
      last = http.get("/readyz").value_or(HttpReply());
      return last.status == status;
    });
  };
  ASSERT_TRUE(becomes(200));
  change("disk_floor = \"0B\"", "disk_floor = \"1024TiB\"");
  ASSERT_TRUE(becomes(503)) << last.body;
  EXPECT_EQ(last.header("content-type"), "application/problem+json");
  EXPECT_EQ(Json(last.body).text("/code"), "not_ready") << last.body;
  EXPECT_TRUE(Json(last.body).flag("/retryable"));
  EXPECT_NE(last.header("retry-after"), "");
  LocalHttp http(daemon_->socket());
  EXPECT_EQ(http.get("/healthz").value_or(HttpReply()).status, 200) << "it lives";
  EXPECT_EQ(try_to_post("no room").status, 507);
  change("disk_floor = \"1024TiB\"", "disk_floor = \"0B\"");
  ASSERT_TRUE(becomes(200)) << last.body;
  EXPECT_EQ(try_to_post("room").status, 202);
}

}  // namespace
}  // namespace batchd::e2e
