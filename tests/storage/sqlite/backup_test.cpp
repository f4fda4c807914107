// A copy that is made while the store is in use.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>
#include <future>

#include "storage/store_thread.h"
#include "tests/storage/sqlite/raw_sqlite.h"
#include "tests/storage/sqlite/sqlite_stories.h"

namespace batchd::storage::testing {
namespace {

using TransactionState = TransactionalStore::TransactionState;

class Backups : public SqliteStories {
 protected:
  std::string copy() const { return folder_.file("copy.db"); }
  static bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }
  void begin() {
    must([&](Store& s) { return s.backup_begin(copy()); });
  }
  Result<BackupProgress> progress() {
    auto seen = attempt([](Store& s) { return s.backup_progress(); });
    EXPECT_EQ(store_->tend(false), TransactionState::intact);
    return seen;
  }
  // What comes between two steps, until the copy is finished.
  template <class Between>
  int run(Between between) {
    for (int steps = 0; steps < 10'000; ++steps) {
      const auto seen = progress();
      if (seen.has_error()) {
        ADD_FAILURE() << seen.error().detail;
        return steps;
      }
      if (seen->finished) return steps;
      between();
    }
    ADD_FAILURE() << "the copy doesn't come to an end";
    return 0;
  }
  void fill(int count, std::size_t bytes) {
    for (int i = 0; i < count; ++i) accept(kAnna, std::string(bytes, 'x'));
  }
  std::unique_ptr<TransactionalStore> open_copy() {
    SqliteConfig config;
    config.path = copy();
    return open_sqlite(config).value();
  }
  TemporaryFolder folder_;
};

TEST_F(Backups, TheCopyIsWholeThoughWorkWentOn) {
  finish({kAnna}, {accept(kAnna)});
  fill(40, 100'000);
  begin();
  ASSERT_TRUE(exists(copy()));
  struct stat info {};
  ASSERT_EQ(::stat(copy().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  int written = 0;
  Counts original;  // before what came after the last step
  const int steps = run([&] {
    original = counts();
    if (++written > 30) return;
    accept(kBob, std::string(20'000, 'y'));
    tick();
    must([&](Store& s) { return s.purge({kStart, kStart, kStart}, now_); });
    if (written % 5 == 0) {  // a group that is rolled back
      ASSERT_TRUE(store_->begin_transaction().has_value());
      store_->begin_verb();
      (void)store_->accept(request(kBob, std::string(50'000, 'z')), now_);
      store_->end_verb(false);
    }
  });
  EXPECT_GT(steps, 4);
  must([](Store& s) { return s.backup_end(); });
  EXPECT_GE(original.accepted, 44);
  EXPECT_GT(counts().accepted, original.accepted);
  auto restored = open_copy();
  const auto copied = commit(*restored, [](Store& s) { return s.counts(); }).value();
  EXPECT_TRUE(copied.balanced());
  EXPECT_EQ(copied.accepted, original.accepted) << "with all that was committed before its last step";
  for (std::size_t i = 0; i < kRequestStates; ++i) EXPECT_EQ(copied.requests[i].items, original.requests[i].items);
  EXPECT_EQ(restored->installation().id, store_->installation().id);
  restored.reset();
  EXPECT_EQ(Raw(copy()).ask("PRAGMA integrity_check"), "ok");
}

TEST_F(Backups, WhatIsPurgedMeanwhileIsPurgedThere) {
  std::vector<RequestId> ids;
  for (int i = 0; i < 60; ++i) ids.push_back(accept(kAnna, std::string(100'000, 'x')));
  finish({kAnna}, ids);
  accept(kBob);
  tick();
  begin();
  int between = 0;
  run([&] {
    if (++between == 3)
      while (must([&](Store& s) { return s.purge({now_, now_, now_}, now_); }).more) {
      }
    EXPECT_EQ(store_->tend(true), TransactionState::intact);
  });
  must([](Store& s) { return s.backup_end(); });
  const auto copied = commit(*open_copy(), [](Store& s) { return s.counts(); }).value();
  EXPECT_TRUE(copied.balanced());
  EXPECT_EQ(copied.purged, 60);
  EXPECT_EQ(Raw(copy()).ask("PRAGMA integrity_check"), "ok");
}

TEST_F(Backups, ThereIsOneAtATime) {
  EXPECT_EQ(attempt([](Store& s) { return s.backup_progress(); }).error().code, Errc::not_found);
  must([](Store& s) { return s.backup_end(); });
  begin();
  const auto second = attempt([&](Store& s) { return s.backup_begin(folder_.file("other.db")); });
  ASSERT_TRUE(second.has_error());
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_FALSE(exists(folder_.file("other.db")));
  must([](Store& s) { return s.backup_end(); });
  EXPECT_FALSE(exists(copy())) << "given up: nothing is left";
  begin();
  run([] {});
  must([](Store& s) { return s.backup_end(); });
  EXPECT_TRUE(exists(copy())) << "finished: it is the caller's";
  const auto again = attempt([&](Store& s) { return s.backup_begin(copy()); });
  ASSERT_TRUE(again.has_error());
  EXPECT_EQ(again.error().code, Errc::invalid) << "what is there is never overwritten";
  EXPECT_TRUE(exists(copy()));
}

TEST_F(Backups, AnUnfinishedOneGoesWithItsGroupOrItsStore) {
  ASSERT_TRUE(store_->begin_transaction().has_value());
  store_->begin_verb();
  ASSERT_TRUE(store_->accept(request(kAnna, "{}"), now_).has_value());
  ASSERT_TRUE(store_->backup_begin(copy()).has_value());
  EXPECT_EQ(store_->end_verb(false), TransactionState::lost);
  EXPECT_FALSE(exists(copy()));
  begin();
  EXPECT_FALSE(progress()->finished);
  reopen();
  EXPECT_FALSE(exists(copy()));
  EXPECT_EQ(attempt([](Store& s) { return s.backup_progress(); }).error().code, Errc::not_found);
}

TEST_F(Backups, WithoutRoomTheCopyFailsAndTheStoreGoesOn) {
  fill(60, 100'000);
  while (store_->tend(true) == TransactionState::intact && counts().wal_bytes > 100'000'000) {
  }
  begin();
  EXPECT_FALSE(progress()->finished);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{3'000'000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::optional<Errc> failure;
  for (int i = 0; i < 20 && !failure; ++i)
    if (const auto seen = progress(); seen.has_error()) failure = seen.error().code;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(failure, Errc::disk_full);
  EXPECT_FALSE(exists(copy()));
  accept(kAnna);
  must([](Store& s) { return s.backup_end(); });
  begin();
  run([] {});
  expect_balance();
}

TEST_F(Backups, NoFolderIsAnError) {
  const auto begun = attempt([&](Store& s) { return s.backup_begin(folder_.file("no/such/copy.db")); });
  ASSERT_TRUE(begun.has_error());
  EXPECT_EQ(begun.error().code, Errc::invalid);
  EXPECT_EQ(store_->transaction_state(), TransactionState::intact);
  accept(kAnna);
}

TEST_F(Backups, TheStoresThreadTakesTheSteps) {
  fill(20, 100'000);
  StoreThread thread(
      std::move(store_), [](std::function<void()> complete) { complete(); },
      [](const Error& error) { ADD_FAILURE() << error.detail; });
  const auto ask = [&](auto verb) {
    std::promise<std::invoke_result_t<decltype(verb)&, Store&>> answer;
    thread.run(VerbClass::read, verb, [&](auto result) { answer.set_value(std::move(result)); });
    return answer.get_future().get();
  };
  ASSERT_TRUE(ask([&](Store& s) { return s.backup_begin(copy()); }).has_value());
  bool finished = false;
  for (int i = 0; i < 1000 && !finished; ++i) finished = ask([](Store& s) { return s.backup_progress(); })->finished;
  EXPECT_TRUE(finished);
  thread.stop();
  EXPECT_EQ(commit(*open_copy(), [](Store& s) { return s.counts(); })->accepted, 20);
}

}  // namespace
}  // namespace batchd::storage::testing
