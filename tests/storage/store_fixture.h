// What the contract suite needs of a store: it can be closed and opened again, and each verb can be run in a
// transaction of its own. Names are short on purpose: the suite's tests read as stories. Nothing here knows an engine;
// store_kinds.cpp names those that the suite runs for.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/limits.h"
#include "storage/transactional_store.h"

namespace batchd::storage::testing {

using namespace batchd::core;
using namespace std::chrono_literals;

inline constexpr WallTime kStart{Duration{1'800'000'000'000}};
inline constexpr OwnerId kAnna{1001}, kBob{1002};
inline const Lane kLane{"default", "answers", "small-1"};

// Returns an error of the provider, with what it usually says of this class.
RequestError said(ErrorClass kind, std::string message = "said the provider");

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

// The data of one store, which last as long as this does.
class StoreFactory {
 public:
  virtual ~StoreFactory() = default;
  // Opens the store with the data that the one before left, which must be closed. The first time there are none.
  virtual std::unique_ptr<TransactionalStore> open() = 0;
  // Changes a byte of the body's first chunk behind the store's back, while it is closed. Returns false, and changes
  // nothing, if an engine has no way to do so.
  virtual bool damage_body(BodyId) { return false; }
};

// An engine, as the contract suite's tests get it. Its name ends theirs: Contract/Intake.AnyStory/NAME.
struct StoreKind {
  const char* name;
  std::unique_ptr<StoreFactory> (*make)();  // without data
};
inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

// Returns the engines that the contract suite runs for.
std::vector<StoreKind> store_kinds();

// Runs the TEST_P of `suite`, a ContractStories, for every engine. Once per suite, behind its tests.
#define RUN_FOR_EVERY_STORE(suite)                                              \
  INSTANTIATE_TEST_SUITE_P(Contract, suite, ::testing::ValuesIn(store_kinds()), \
                           [](const auto& tested) { return std::string(tested.param.name); })

// Runs `verb` in a transaction of its own.
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
  explicit StoreStories(std::unique_ptr<StoreFactory> factory)
      : factory_(std::move(factory)), store_(factory_->open()) {}

  void reopen() {
    store_.reset();
    store_ = factory_->open();
  }
  template <class Verb>
  auto attempt(Verb verb) {
    return commit(*store_, verb);
  }
  // Returns the verb's value. On an error it fails the test and throws.
  template <class Verb>
  auto must(Verb verb) {
    auto result = commit(*store_, verb);
    if (result.has_error()) ADD_FAILURE() << to_text(result.error().code) << ": " << result.error().detail;
    return std::move(result).value();
  }

  NewRequest request(OwnerId owner, const std::string& body, std::int64_t tokens = 10, Lane lane = kLane) const;
  RequestId accept(OwnerId owner, const std::string& body = "{}", std::int64_t tokens = 10, Lane lane = kLane);
  std::vector<RequestId> accept_many(OwnerId owner, int count);
  LaneId only_lane();
  BatchId open_batch();
  Claimed claim(BatchId batch, OwnerId owner, ClaimLimit limit = {100'000, 1 << 30, 1 << 30});
  BatchId sealed_batch(std::vector<OwnerId> owners);  // with everything that these owners have queued
  Batch step(BatchId batch, BatchState to, const BatchPatch& patch = {});
  // Moves the batch through these states, one after the other.
  Batch walk(BatchId batch, std::initializer_list<BatchState> states);
  BatchId submitted_batch(std::vector<OwnerId> owners);
  BatchId collecting_batch(std::vector<OwnerId> owners, JobEnd end = JobEnd::succeeded);
  BatchId finish(std::vector<OwnerId> owners,
                 const std::vector<RequestId>& ids);  // makes a done batch in which `ids` succeeded
  RequestOutcome success(RequestId id, const std::string& line = R"({"key":"k","response":{}})") const;
  RequestOutcome line_error(RequestId id, ErrorClass kind, bool again) const;
  RequestView view(OwnerId owner, RequestId id);
  Counts counts();
  void expect_balance();
  std::string jsonl(BatchId batch);  // the members' bodies, each with a newline
  std::vector<Batch> batches_in(std::vector<BatchState> states);
  void tick(Duration by = 1s) { now_ += by; }

  std::unique_ptr<StoreFactory> factory_;
  std::unique_ptr<TransactionalStore> store_;
  WallTime now_ = kStart;
};

// What every engine must do: its tests are TEST_P, and RUN_FOR_EVERY_STORE stands behind them.
class ContractStories : public StoreStories, public ::testing::WithParamInterface<StoreKind> {
 protected:
  ContractStories() : StoreStories(GetParam().make()) {}
};

}  // namespace batchd::storage::testing
