// A disk that is full, and one that breaks.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "tests/storage/sqlite/sqlite_stories.h"

namespace batchd::storage::testing {
namespace {

using TransactionState = TransactionalStore::TransactionState;

class Disk : public ::testing::Test {
 protected:
  std::unique_ptr<TransactionalStore> open(std::int64_t max_pages) {
    SqliteConfig config;
    config.path = folder_.file("batchd.db");
    config.max_pages = max_pages;
    return open_sqlite(config).value();
  }
  static NewRequest request(std::size_t bytes) {
    NewRequest fresh;
    fresh.owner = kAnna;
    fresh.lane = kLane;
    fresh.body = std::string(bytes, 'x');
    return fresh;
  }
  static Result<Accepted> accept(TransactionalStore& store, std::size_t bytes = 100'000) {
    return commit(store, [&](Store& s) { return s.accept(request(bytes), kStart); });
  }
  static Counts counts(TransactionalStore& store) {
    return commit(store, [](Store& s) { return s.counts(); }).value();
  }
  TemporaryFolder folder_;
};

TEST_F(Disk, AFullDiskRefusesAndComesBack) {
  auto store = open(200);
  int accepted = 0;
  auto last = accept(*store);
  for (; last.has_value(); last = accept(*store)) ++accepted;
  EXPECT_GT(accepted, 3);
  EXPECT_EQ(last.error().code, Errc::disk_full);
  EXPECT_EQ(store->transaction_state(), TransactionState::lost);
  EXPECT_EQ(counts(*store).accepted, accepted);
  EXPECT_TRUE(counts(*store).balanced());
  store.reset();
  store = open(0);
  EXPECT_EQ(counts(*store).accepted, accepted);
  EXPECT_TRUE(accept(*store).has_value());
}

TEST_F(Disk, AVerbWithoutRoomLosesItsGroupButNothingCommitted) {
  auto store = open(200);
  while (accept(*store).has_value()) {
  }
  const auto before = counts(*store).accepted;
  ASSERT_TRUE(store->begin_transaction().has_value());
  store->begin_verb();
  ASSERT_TRUE(store->accept(request(10), kStart).has_value());
  EXPECT_EQ(store->end_verb(true), TransactionState::intact);
  store->begin_verb();
  const auto refused = store->accept(request(500'000), kStart);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, Errc::disk_full);
  EXPECT_EQ(store->end_verb(false), TransactionState::lost);
  EXPECT_EQ(counts(*store).accepted, before);
  EXPECT_TRUE(accept(*store, 10).has_value());  // what still fits is still taken
}

TEST_F(Disk, AFailedWriteIsFatalAndLosesNothingAcknowledged) {
  // In a child: the file size limit is the process's, and EFBIG is an I/O error to SQLite.
  const auto child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto store = open(0);
    const rlimit limit{600'000, 600'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(99);
    int accepted = 0;
    auto last = accept(*store);
    for (; last.has_value(); last = accept(*store)) ++accepted;
    const bool broken =
        store->transaction_state() == TransactionState::broken && last.error().code == Errc::store_failed;
    ::_exit(broken ? accepted : 98);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_LT(WEXITSTATUS(status), 90);
  auto store = open(0);
  EXPECT_EQ(counts(*store).accepted, WEXITSTATUS(status));
  EXPECT_TRUE(accept(*store).has_value());
}

TEST_F(Disk, TheLogIsCopiedBackAndKept) {
  SqliteConfig config;
  config.path = folder_.file("batchd.db");
  config.checkpoint_pages_idle = 10;
  config.checkpoint_pages_busy = 50;
  auto store = open_sqlite(config).value();
  const auto log_bytes = [&] { return std::filesystem::file_size(config.path + "-wal"); };
  std::uintmax_t most = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(accept(*store).has_value());
    ASSERT_EQ(store->tend(i % 2 == 0), TransactionState::intact);
    most = std::max(most, log_bytes());
  }
  EXPECT_LT(most, 100U * 8192U);  // 200 requests wrote many times that
  EXPECT_EQ(log_bytes(), most);   // overwritten from its start, never truncated
}

}  // namespace
}  // namespace batchd::storage::testing
