// The watchdog and the status line, with a real store and a listening service manager.
#include "daemon/host/vital_signs.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <future>

#include "daemon/net/clock.h"
#include "storage/sqlite/store.h"
#include "tests/harness/service_manager.h"
#include "tests/harness/wait.h"

namespace batchd::daemon {
namespace {

using harness::eventually;

class NoServer final : public HttpServer {
 public:
  Task<void> serve() override { co_return; }
  void close_listener() override {}
  int exchanges_under_way() const override { return 7; }
  void limit_connections(ConnectionLimits) override {}
  int connections() const override { return 0; }
  std::uint16_t tcp_port() const override { return 0; }
};

class Watched : public testing::Test {
 protected:
  Watched() {
    ::setenv("NOTIFY_SOCKET", manager_.socket().c_str(), 1);
    ::setenv("WATCHDOG_USEC", "200000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    config_.store.path = folder_.file("db");
    config_.store.disk_floor = config_.store.reserve = 0;
    auto store = storage::open_sqlite({.path = config_.store.path});
    thread_.emplace(
        std::move(*store), [this](std::function<void()> completions) { asio::post(io_, std::move(completions)); },
        [](const core::Error&) { std::abort(); });
    engine_.emplace(io_.get_executor(), config_, clock_, *thread_);
    notifier_.emplace();
    signs_.emplace(*engine_, *notifier_);
  }
  ~Watched() override {
    for (const auto* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
  // Keeps the store's thread busy until the gate is open.
  void hold_store() {
    thread_->run(
        storage::VerbClass::read,
        [this](core::Store&) -> core::Result<void> {
          held_.set_value();
          gate_.get_future().wait();
          return {};
        },
        [](const core::Result<void>&) {});
  }
  // Runs the loop, 10 ms at a time, until `happened`: it turns whatever the store does.
  bool turn(const std::function<bool()>& happened) {
    return eventually([&] {
      io_.run_for(std::chrono::milliseconds(10));
      return happened();
    });
  }
  void begin_end() {
    auto ending = [&]() -> Task<void> {
      co_await signs_->end();
      ended_ = true;
    };
    asio::co_spawn(io_.get_executor(), std::move(ending), asio::detached);
  }
  void finish_end() {
    EXPECT_TRUE(turn([&] { return ended_; }));
    thread_->stop();
    io_.run_for(std::chrono::milliseconds(10));
  }
  void end() {
    begin_end();
    finish_end();
  }
  std::size_t signs() const { return manager_.count("WATCHDOG=1"); }

  harness::TempFolder folder_;
  harness::ServiceManager manager_{folder_};
  config::Config config_;
  SystemClock clock_;
  asio::io_context io_{1};
  asio::executor_work_guard<Executor> work_{io_.get_executor()};
  std::promise<void> held_, gate_;
  std::optional<storage::StoreThread> thread_;
  std::optional<Engine> engine_;
  std::optional<Notifier> notifier_;
  std::optional<VitalSigns> signs_;
  NoServer server_;
  bool ended_ = false;
};

TEST_F(Watched, NoSignWhileTheStoreIsStuckThoughTheLoopTurns) {
  signs_->start(server_);
  ASSERT_TRUE(turn([&] { return signs() >= 2; }));
  hold_store();
  held_.get_future().wait();
  io_.run_for(std::chrono::milliseconds(200));  // a write that was already on its way back
  const auto before = signs();
  int turns = 0;
  ASSERT_TRUE(turn([&] { return ++turns == 100; }));
  EXPECT_EQ(signs(), before);
  gate_.set_value();
  EXPECT_TRUE(turn([&] { return signs() > before; }));
  end();
}

// A disk that takes its time at a stop is no failure.
TEST_F(Watched, TheEndWaitsForAWriteUnderWay) {
  signs_->start(server_);
  ASSERT_TRUE(turn([&] { return signs() >= 1; }));
  hold_store();
  held_.get_future().wait();
  int turns = 0;
  ASSERT_TRUE(turn([&] { return ++turns == 100; }));  // by now a write waits behind what is held
  begin_end();
  turns = 0;
  ASSERT_TRUE(turn([&] { return ++turns == 20; }));
  EXPECT_FALSE(ended_);
  gate_.set_value();
  finish_end();
}

TEST_F(Watched, NoSignWhileTheLoopStands) {
  signs_->start(server_);
  ASSERT_TRUE(turn([&] { return signs() >= 2; }));
  harness::breathe(std::chrono::milliseconds(300));
  const auto before = signs();
  harness::breathe(std::chrono::milliseconds(600));  // the store's thread goes on, and nobody takes its answers
  EXPECT_EQ(signs(), before);
  end();
}

TEST_F(Watched, AFullDiskFeeds) {
  std::promise<void> limited;
  thread_->run(
      storage::VerbClass::state, [](core::Store& store) { return store.limit_queue({.free_bytes_min = INT64_MAX}); },
      [&](const core::Result<void>&) { limited.set_value(); });
  signs_->start(server_);
  EXPECT_TRUE(turn([&] { return signs() >= 5; }));
  EXPECT_TRUE(turn([&] { return manager_.last("STATUS").starts_with("the disk is full"); })) << manager_.last("STATUS");
  end();
}

TEST_F(Watched, AStopIsFollowedToItsEnd) {
  signs_->start(server_);
  ASSERT_TRUE(turn([&] { return signs() >= 1; }));
  engine_->stopping = true;
  EXPECT_TRUE(turn([&] { return manager_.last("STATUS") == "stopping: waiting for 7 calls"; }));
  const auto before = signs();
  EXPECT_TRUE(turn([&] { return signs() > before; })) << "it may take longer than the watchdog allows";
  end();
}

TEST(Unwatched, NothingRunsIfNobodyListens) {
  ::unsetenv("NOTIFY_SOCKET");
  ::setenv("WATCHDOG_USEC", "200000", 1);
  const Notifier notifier;
  EXPECT_FALSE(notifier.heard());
  EXPECT_EQ(notifier.watchdog().count(), 0);
  ::unsetenv("WATCHDOG_USEC");
}

class StatusLine : public testing::Test {
 protected:
  Account& add(const std::string& name) {
    auto account = std::make_unique<Account>();
    account->name = name;
    auto& added = *account;
    accounts_.add(std::move(account));
    return added;
  }
  core::Totals totals_{.accepted = 353, .purged = 3, .requests = {12, 300, 30, 5, 2, 1}, .batches = {}};
  Accounts accounts_;
};

TEST_F(StatusLine, HasTheNumbers) {
  add("default");
  totals_.batches[static_cast<std::size_t>(core::BatchState::submitted)] = 2;
  totals_.batches[static_cast<std::size_t>(core::BatchState::held)] = 1;
  totals_.batches[static_cast<std::size_t>(core::BatchState::done)] = 9;
  EXPECT_EQ(status_line(totals_, accounts_, false),
            "12 queued, 300 in 3 batches (2 at the provider), 41 finished; 1 needs attention: batchctl attention");
}

TEST_F(StatusLine, BeginsWithWhatKeepsItFromWorking) {
  auto& keyless = add("default");
  keyless.trouble = "no API key, and so on";
  keyless.without_key = true;
  keyless.kind = "gemini";
  auto& refused = add("work");
  refused.trouble = "API key expired.\nMAINPID=1\x1b[2J";
  const auto line = status_line(totals_, accounts_, true);
  EXPECT_TRUE(
      line.starts_with("account default has no API key: run \"batchctl setup gemini\"; account work: API key "
                       "expired. MAINPID=1?[2J; the disk is full: "))
      << line;
  EXPECT_TRUE(line.ends_with("; 2 need attention: batchctl attention")) << line;
}

TEST(OneLine, CanEndNoLineAndStartNoOther) {
  EXPECT_EQ(one_line("a\nREADY=1\r\x7f\xc3\xa9", 100), "a READY=1????");
  EXPECT_EQ(one_line(std::string(50, 'a'), 10), "aaaaaaaaaa...");
}

TEST(OpeningTime, GrowsWithTheDatabase) {
  EXPECT_GE(opening_time(0), std::chrono::seconds(60));
  EXPECT_GE(opening_time(std::int64_t{100} << 30), std::chrono::hours(3)) << "a migration copies all of it";
}

}  // namespace
}  // namespace batchd::daemon
