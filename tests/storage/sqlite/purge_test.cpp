// What was purged can't be read from the files any more.
#include <fstream>
#include <iterator>
#include <set>

#include "tests/storage/sqlite/sqlite_stories.h"

namespace batchd::storage::testing {
namespace {

using TransactionState = TransactionalStore::TransactionState;

class Wiping : public SqliteStories {
 protected:
  static std::string marker(std::size_t n) { return "<marker " + std::to_string(n) + ">"; }
  std::string files() const {
    std::string bytes;
    for (const auto* suffix : {"", "-wal"}) {
      std::ifstream file(path() + suffix, std::ios::binary);
      bytes.append(std::istreambuf_iterator<char>(file), {});
    }
    return bytes;
  }
  bool in_files(const std::string& text) const { return files().find(text) != std::string::npos; }
  void purge(const PurgeRules& rules) {
    while (must([&](Store& s) { return s.purge(rules, now_); }).more) {
    }
  }
  std::string body(std::size_t n, std::size_t bytes) const {
    return "\"" + marker(n) + std::string(bytes, 'x') + marker(n) + "\"";
  }
};

TEST_F(Wiping, NothingPurgedIsLeftInTheFiles) {
  std::vector<RequestId> ids{accept(kAnna, body(1, 10)), accept(kAnna, body(2, 100'000))};
  auto large = request(kAnna, "");
  large.spooled = must([](Store& s) { return s.spool_begin(SpoolPurpose::request, kAnna); });
  must([&](Store& s) { return s.spool_append(large.spooled, std::string(kChunkBytesMax, 'l')); });
  must([&](Store& s) { return s.spool_append(large.spooled, body(3, 5000)); });
  ids.push_back(must([&](Store& s) { return s.accept(large, now_); }).id);
  const auto batch = collecting_batch({kAnna});
  std::vector<RequestOutcome> outcomes;
  for (const auto id : ids) outcomes.push_back(success(id, body(4, 3000)));
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  step(batch, BatchState::done);
  accept(kBob, body(5, 100));
  tick();
  ASSERT_EQ(store_->tend(true), TransactionState::intact);
  for (std::size_t n = 1; n <= 5; ++n) ASSERT_TRUE(in_files(marker(n)));

  purge({now_, now_, now_});
  ASSERT_EQ(store_->tend(false), TransactionState::intact);
  EXPECT_TRUE(in_files(marker(1))) << "else this test would show nothing";
  ASSERT_EQ(store_->tend(true), TransactionState::intact);
  for (std::size_t n = 1; n <= 4; ++n) EXPECT_FALSE(in_files(marker(n))) << n;
  EXPECT_TRUE(in_files(marker(5)));
  EXPECT_EQ(std::filesystem::file_size(path() + "-wal"), 0U);
  reopen();
  for (std::size_t n = 1; n <= 4; ++n) EXPECT_FALSE(in_files(marker(n))) << n;
}

// Removing rows here and there makes SQLite move others between pages: they must leave no copy behind either.
TEST_F(Wiping, NeitherIsWhatWasMovedAboutMeanwhile) {
  std::vector<RequestId> ids;
  for (std::size_t n = 0; n < 600; ++n) ids.push_back(accept(kAnna, body(n, (n * 37) % 3000)));
  finish({kAnna}, ids);
  std::vector<std::size_t> order;
  for (std::size_t n = 0; n < ids.size(); ++n) order.push_back((n * 271) % ids.size());  // each once
  std::size_t next = 0;
  for (const auto upto : {150U, 300U, 450U, 600U}) {
    std::vector<RequestId> some;
    for (; next < upto; ++next) some.push_back(ids[order[next]]);
    tick();
    must([&](Store& s) { return s.acknowledge_ids(kAnna, some, now_); });
    purge({kStart, now_ + 1ms, kStart});
    ASSERT_EQ(store_->tend(true), TransactionState::intact);
    std::set<std::string> left;
    const auto bytes = files();
    for (std::size_t at = bytes.find("<marker "); at != std::string::npos; at = bytes.find("<marker ", at + 1))
      left.insert(bytes.substr(at, bytes.find('>', at) + 1 - at));
    for (std::size_t i = 0; i < order.size(); ++i)
      ASSERT_EQ(left.contains(marker(order[i])), i >= next) << "after " << upto << ": " << order[i];
    accept(kBob, "{}");
  }
}

TEST_F(Wiping, ARunThatFoundNothingLeavesTheLogAlone) {
  accept(kAnna);
  purge({now_, now_, now_});
  ASSERT_EQ(store_->tend(true), TransactionState::intact);
  EXPECT_GT(std::filesystem::file_size(path() + "-wal"), 0U);
}

}  // namespace
}  // namespace batchd::storage::testing
