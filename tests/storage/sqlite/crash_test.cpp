// kill -9 while requests are being accepted: everything that was acknowledged is still there.
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>

#include "storage/store_thread.h"
#include "tests/storage/sqlite/sqlite_stories.h"

namespace batchd::storage::testing {
namespace {

SqliteConfig config_in(const TemporaryFolder& folder) {
  SqliteConfig config;
  config.path = folder.file("batchd.db");
  config.checkpoint_pages_idle = 20;  // die in checkpoints too
  config.checkpoint_pages_busy = 60;
  return config;
}

// Accepts for ever from the store's thread, 16 at a time, and writes each acknowledged id to the pipe.
[[noreturn]] void accept_until_killed(const TemporaryFolder& folder, int pipe) {
  StoreThread thread(
      open_sqlite(config_in(folder)).value(), [](const std::function<void()>& done) { done(); },
      [](const Error&) { ::_exit(1); });
  std::mutex mutex;
  std::condition_variable changed;
  int outstanding = 0;
  NewRequest fresh;
  fresh.owner = kAnna;
  fresh.lane = kLane;
  fresh.body = std::string(2000, 'x');
  for (WallTime now = kStart;; now += 1ms) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return outstanding < 16; });
      ++outstanding;
    }
    thread.run(
        VerbClass::intake, [fresh, now](Store& s) { return s.accept(fresh, now); },
        [&](const Result<Accepted>& accepted) {
          const auto id = accepted.value().id.value();
          if (::write(pipe, &id, sizeof id) != sizeof id) ::_exit(2);
          const std::lock_guard lock(mutex);
          --outstanding;
          changed.notify_one();
        });
  }
}

TEST(Crash, EveryAcknowledgedRequestSurvivesKill) {
  TemporaryFolder folder;
  std::vector<RequestId> acknowledged;
  for (int round = 0; round < 4; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto child = ::fork();
    if (child == 0) accept_until_killed(folder, ends[1]);
    ::close(ends[1]);
    const auto enough = acknowledged.size() + 300 + static_cast<std::size_t>(round) * 171;
    bool killed = false;
    for (std::int64_t id = 0; ::read(ends[0], &id, sizeof id) == sizeof id;) {  // also what was sent before the kill
      acknowledged.emplace_back(id);
      if (!killed && acknowledged.size() >= enough) killed = ::kill(child, SIGKILL) == 0;
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    auto store = open_sqlite(config_in(folder)).value();
    for (const auto id : acknowledged) {
      const auto found = commit(*store, [&](Store& s) { return s.find_request(kAnna, id); });
      ASSERT_TRUE(found.has_value()) << "request " << to_text(id) << " of round " << round;
    }
    const auto counts = commit(*store, [](Store& s) { return s.counts(); }).value();
    EXPECT_TRUE(counts.balanced());
    EXPECT_GE(counts.accepted, static_cast<std::int64_t>(acknowledged.size()));
    EXPECT_EQ(commit(*store, [](Store& s) { return s.summarise_queue(); }).value().front().owners.front().items,
              counts.accepted);
  }
}

}  // namespace
}  // namespace batchd::storage::testing
