#include "storage/store_thread.h"

#include <algorithm>

#include "core/check.h"

namespace batchd::storage {

using TransactionState = TransactionalStore::TransactionState;

StoreThread::StoreThread(std::unique_ptr<TransactionalStore> store, Post post, OnFatal on_fatal)
    : store_(std::move(store)), post_(std::move(post)), on_fatal_(std::move(on_fatal)) {
  thread_ = std::thread([this] { loop(); });
}

StoreThread::~StoreThread() { stop(); }

void StoreThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  const std::lock_guard lock(joining_);
  if (thread_.joinable()) thread_.join();
}

void StoreThread::put(std::unique_ptr<Job> job) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (fatal_) return;
    if (!stopping_) {
      first = waiting_.empty();
      waiting_.push_back(std::move(job));
    }
  }
  // Outside of the lock, for which the thread that wakes up would wait again.
  if (first) arrived_.notify_one();
  if (!job) return;
  job->fail({core::Errc::stopping, "the store is closed"});
  Verbs refused;
  refused.push_back(std::move(job));
  hand_over(std::move(refused));
}

void StoreThread::loop() {
  for (Verbs verbs = next_verbs(); !verbs.empty(); verbs = next_verbs()) {
    if (!run_together(verbs)) return give_up();
    hand_over(std::move(verbs));
    if (store_->tend(nothing_waits()) == TransactionState::broken) return give_up();
  }
}

StoreThread::Verbs StoreThread::next_verbs() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  return std::exchange(waiting_, {});
}

bool StoreThread::nothing_waits() {
  const std::lock_guard lock(mutex_);
  return waiting_.empty();
}

void StoreThread::give_up() {
  {
    const std::lock_guard lock(mutex_);
    fatal_ = true;
    waiting_.clear();
  }
  on_fatal_(store_->last_error());
}

// One post for all verbs: waking the other thread costs more than a completion.
void StoreThread::hand_over(Verbs verbs) {
  auto shared = std::make_shared<Verbs>(std::move(verbs));
  post_([shared] {
    for (const auto& job : *shared) job->complete();
  });
}

bool StoreThread::run_together(const Verbs& verbs) {
  if (verbs.size() == 1) return run_alone(*verbs.front());
  if (!store_->begin_transaction()) return replay(verbs);
  for (const auto& job : verbs) {
    store_->begin_verb();
    switch (store_->end_verb(job->run(*store_))) {
      case TransactionState::intact:
        break;
      case TransactionState::lost:
        return replay(verbs);
      case TransactionState::broken:
        return false;
    }
  }
  return store_->commit_transaction().has_value() || replay(verbs);
}

// What was paid for comes first; and each verb runs alone, so that one that finds no room doesn't undo any other.
bool StoreThread::replay(const Verbs& verbs) {
  if (store_->transaction_state() == TransactionState::broken) return false;
  std::vector<Job*> order;
  for (const auto& job : verbs) order.push_back(job.get());
  std::stable_sort(order.begin(), order.end(),
                   [](const Job* a, const Job* b) { return a->verb_class < b->verb_class; });
  return std::all_of(order.begin(), order.end(), [this](Job* job) { return run_alone(*job); });
}

bool StoreThread::run_alone(Job& job) {
  if (auto begun = store_->begin_transaction(); !begun) {
    job.fail(begun.error());
    return store_->transaction_state() != TransactionState::broken;
  }
  store_->begin_verb();
  switch (store_->end_verb(job.run(*store_))) {
    case TransactionState::intact:
      break;
    case TransactionState::lost:
      return true;  // the verb's own error is its answer
    case TransactionState::broken:
      return false;
  }
  if (auto committed = store_->commit_transaction(); !committed) {
    job.fail(committed.error());
    return store_->transaction_state() != TransactionState::broken;
  }
  return true;
}

}  // namespace batchd::storage
