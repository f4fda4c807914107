// What the daemon tells systemd: that it is ready, its status, what keeps it from working, and watchdog messages.
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <charconv>
#include <csignal>
#include <filesystem>

#include "tests/e2e/e2e_fixture.h"
#include "tests/harness/service_manager.h"

namespace batchd::e2e {
namespace {

constexpr const char* kAlive = "WATCHDOG=1";

class Supervised : public E2eTest {
 protected:
  // With a watchdog that wants a sign every 400 ms: one comes every 100.
  void start_supervised(DaemonSettings daemon = {}, const EmulatorSettings& emulator = {}) {
    daemon.environment["NOTIFY_SOCKET"] = manager_.socket();
    daemon.environment.try_emplace("WATCHDOG_USEC", "400000");
    start(emulator, daemon);
  }
  bool comes(const std::string& line, std::size_t times = 1) {
    return eventually([&] { return manager_.count(line) >= times; });
  }
  bool status_has(const std::string& words) {
    return eventually([&] { return manager_.last("STATUS").find(words) != std::string::npos; });
  }
  // Returns true if no watchdog message comes while the loop serves calls, for several watchdog periods.
  bool silent_while_it_serves() {
    breathe(Milliseconds(300));  // one may be on its way
    manager_.forget();
    for (int i = 0; i < 20; ++i) {
      LocalHttp http(daemon_->socket());
      const auto reply = http.get("/healthz");
      if (!reply || reply->status != 200) return false;
      breathe(Milliseconds(100));
    }
    return manager_.count(kAlive) == 0;
  }

  ServiceManager manager_{folder_};
};

TEST_F(Supervised, ItIsToldOfEveryStep) {
  start_supervised();
  ASSERT_TRUE(comes("READY=1"));
  const auto first = manager_.heard().front();
  EXPECT_TRUE(first.starts_with("STATUS=opening the database\nEXTEND_TIMEOUT_USEC=")) << first;
  EXPECT_GE(manager_.count("STATUS=recovering"), 1u);
  manager_.forget();
  daemon_->process().kill(SIGHUP);
  EXPECT_TRUE(eventually([&] { return !manager_.last("MONOTONIC_USEC").empty(); }));
  EXPECT_TRUE(comes("READY=1"));
  EXPECT_EQ(manager_.count("RELOADING=1"), 1u);
  manager_.forget();
  EXPECT_EQ(daemon_->stop(), 0);
  ASSERT_TRUE(comes("STOPPING=1"));
  std::int64_t microseconds = 0;
  for (const auto& message : manager_.heard())
    if (const auto at = message.find("STOPPING=1\nEXTEND_TIMEOUT_USEC="); at == 0)
      std::from_chars(message.data() + message.rfind('=') + 1, message.data() + message.size(), microseconds);
  EXPECT_GT(microseconds, 2 * 5'000'000) << "limits.stop_grace is 5 s here, and may pass twice";
}

TEST_F(Supervised, TheNumbersFollowTheWork) {
  start_supervised({.config = {{"packing.max_age", "\"1h\""}}});
  ASSERT_TRUE(status_has("0 queued, 0 in 0 batches (0 at the provider), 0 finished")) << manager_.last("STATUS");
  const auto id = post("seen");
  ASSERT_TRUE(status_has("1 queued")) << manager_.last("STATUS");
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(http.post("/admin/lanes/flush", ""));
  EXPECT_EQ(answer_text(finished(id)), "echo: seen");
  EXPECT_TRUE(status_has("0 queued, 0 in 0 batches (0 at the provider), 1 finished")) << manager_.last("STATUS");
}

TEST_F(Supervised, WithoutAKeyTheStatusSaysWhatToDo) {
  start_supervised({.api_key = std::nullopt});
  EXPECT_TRUE(status_has("account default has no API key: run \"batchctl setup gemini\"; ")) << manager_.last("STATUS");
  EXPECT_TRUE(status_has("1 needs attention"));
  EXPECT_NE(daemon_->log().find("account_without_key account=default detail=\"no API key: run \\\"batchctl setup "
                                "gemini\\\" as root"),
            std::string::npos)
      << daemon_->log();
  EXPECT_NE(daemon_->admin_status().text("/accounts/0/detail").find("batchctl setup gemini"), std::string::npos);
}

TEST_F(Supervised, ARefusedKeyIsToldInTheProvidersWords) {
  start_supervised({.api_key = "bad-key"});
  EXPECT_TRUE(status_has("account default: API key not valid")) << manager_.last("STATUS");
}

TEST_F(Supervised, SignsOfLifeComeAgainAndAgain) {
  start_supervised();
  EXPECT_TRUE(comes(kAlive, 5));
}

TEST_F(Supervised, NobodyWaitsForASignOfAnotherProcess) {
  start_supervised({.environment = {{"WATCHDOG_PID", "1"}}});
  ASSERT_TRUE(status_has("0 queued"));
  breathe(Milliseconds(1000));
  EXPECT_EQ(manager_.count(kAlive), 0u);
}

TEST_F(Supervised, AStoppedProcessGivesNoSign) {
  start_supervised();
  ASSERT_TRUE(comes(kAlive));
  daemon_->process().kill(SIGSTOP);
  breathe(Milliseconds(300));
  manager_.forget();
  breathe(Milliseconds(1000));
  EXPECT_EQ(manager_.count(kAlive), 0u);
  EXPECT_TRUE(daemon_->process().running());
  daemon_->process().kill(SIGCONT);
  EXPECT_TRUE(comes(kAlive));
}

// Stops every thread but the first one, as a debugger would: the loop goes on, the store's thread stands.
class StoppedThreads {
 public:
  explicit StoppedThreads(pid_t process) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
      const auto thread = static_cast<pid_t>(std::stol(entry.path().filename().string()));
      if (thread == process) continue;
      if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) continue;
      threads_.push_back(thread);
      int status = 0;
      if (::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0) ::waitpid(thread, &status, __WALL);
    }
  }
  ~StoppedThreads() {
    for (const auto thread : threads_) ::ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
  }
  StoppedThreads(const StoppedThreads&) = delete;
  StoppedThreads& operator=(const StoppedThreads&) = delete;
  bool any() const { return !threads_.empty(); }

 private:
  std::vector<pid_t> threads_;
};

TEST_F(Supervised, AStuckStoreEndsTheSignsThoughTheLoopServes) {
  start_supervised();
  ASSERT_TRUE(comes(kAlive, 2));
  {
    const StoppedThreads stopped(daemon_->process().pid());
    if (!stopped.any()) GTEST_SKIP() << "needs the right to trace the daemon";
    EXPECT_TRUE(silent_while_it_serves());
    EXPECT_TRUE(daemon_->process().running());
  }
  EXPECT_TRUE(comes(kAlive, 2)) << "the store goes on";
}

TEST_F(Supervised, AFullDiskIsNoHang) {
  start_supervised({.config = {{"store.disk_floor", "\"0B\""}, {"store.reserve", "\"0B\""}}});
  auto text = read_file(daemon_->config_file());
  const std::string none = "disk_floor = \"0B\"";
  write_file(daemon_->config_file(), text.replace(text.find(none), none.size(), "disk_floor = \"1024TiB\""));
  daemon_->process().kill(SIGHUP);
  ASSERT_TRUE(status_has("the disk is full")) << manager_.last("STATUS");
  manager_.forget();
  EXPECT_TRUE(comes(kAlive, 5));
}

TEST_F(Supervised, AnUploadThatHangsIsNoHangOfOurs) {
  start_supervised({}, {.faults = R"({"rules":[{"on":"upload_start","do":"withhold","seconds":600}]})"});
  post("hangs");
  ASSERT_TRUE(eventually([&] { return daemon_->batches_in_state("uploading") == 1; }));
  manager_.forget();
  EXPECT_TRUE(comes(kAlive, 5));
}

}  // namespace
}  // namespace batchd::e2e
