// What the contract suite needs of a store: it can be closed and opened again, and each verb can be run as a
// transaction of its own. Names of the suite are short on purpose: its tests read as stories.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "core/check.h"
#include "core/limits.h"
#include "storage/sqlite/store.h"

namespace batchd::storage::testing {

using namespace batchd::core;
using namespace std::chrono_literals;

inline constexpr WallTime kStart{Duration{1'800'000'000'000}};
inline constexpr OwnerId kAnna{1001}, kBob{1002};
inline const Lane kFlash{"default", "generateContent", "gemini-2.5-flash"};

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Opens the store under test. Given to every test by the value parameter, so that the suite runs for each kind.
class StoreFactory {
 public:
  virtual ~StoreFactory() = default;
  virtual std::unique_ptr<TransactionalStore> open() = 0;  // the same data each time; the one before is closed
  virtual std::string path() const = 0;                    // of its file
};
std::unique_ptr<StoreFactory> sqlite_factory();

// Runs `verb` as a commit group of its own.
template <class Verb>
auto commit(TransactionalStore& store, Verb verb) -> std::invoke_result_t<Verb&, Store&> {
  if (auto begun = store.begin_transaction(); !begun) return begun.error();
  store.begin_verb();
  auto result = verb(store);
  if (store.end_verb(result.has_value()) != TransactionalStore::TransactionState::intact) return result;
  if (auto committed = store.commit_transaction(); !committed) return committed.error();
  return result;
}

class StoreStories : public ::testing::Test {
 protected:
  StoreStories() : factory_(sqlite_factory()), store_(factory_->open()) {}

  void reopen() {
    store_.reset();
    store_ = factory_->open();
  }
  template <class Verb>
  auto attempt(Verb verb) {
    return commit(*store_, verb);
  }
  // The value; fails the test's process if there is none.
  template <class Verb>
  auto must(Verb verb) {
    auto result = commit(*store_, verb);
    if (result.has_error()) ADD_FAILURE() << to_text(result.error().code) << ": " << result.error().detail;
    return std::move(result).value();
  }

  NewRequest request(OwnerId owner, const std::string& body, std::int64_t tokens = 10, Lane lane = kFlash) const;
  RequestId accept(OwnerId owner, const std::string& body = "{}", std::int64_t tokens = 10, Lane lane = kFlash);
  std::vector<RequestId> accept_many(OwnerId owner, int count);
  LaneId only_lane();
  BatchId open_batch();
  Claimed claim(BatchId batch, OwnerId owner, ClaimLimit limit = {100'000, 1 << 30, 1 << 30});
  BatchId sealed_batch(std::vector<OwnerId> owners);  // of all they have queued
  Batch step(BatchId batch, BatchState to, const BatchPatch& patch = {});
  Batch walk(BatchId batch, std::initializer_list<BatchState> states);
  BatchId submitted_batch(std::vector<OwnerId> owners);
  BatchId collecting_batch(std::vector<OwnerId> owners, JobEnd end = JobEnd::succeeded);
  BatchId finish(std::vector<OwnerId> owners, const std::vector<RequestId>& ids);  // a done batch: `ids` succeeded
  RequestOutcome success(RequestId id, const std::string& line = R"({"key":"k","response":{}})") const;
  RequestOutcome line_error(RequestId id, int code, bool again) const;
  RequestView view(OwnerId owner, RequestId id);
  Counts counts();
  void expect_balance();
  std::string jsonl(BatchId batch);  // its bodies, each with a newline
  std::vector<Batch> batches_in(std::vector<BatchState> states);
  void tick(Duration by = 1s) { now_ += by; }

  std::unique_ptr<StoreFactory> factory_;
  std::unique_ptr<TransactionalStore> store_;
  WallTime now_ = kStart;
};

}  // namespace batchd::storage::testing
