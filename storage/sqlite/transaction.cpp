#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

TransactionalStore::TransactionState state_after(Db::Health health) {
  switch (health) {
    case Db::Health::good:
      return TransactionalStore::TransactionState::intact;
    case Db::Health::full:
      return TransactionalStore::TransactionState::lost;
    case Db::Health::broken:
      return TransactionalStore::TransactionState::broken;
  }
  return TransactionalStore::TransactionState::broken;
}

}  // namespace

core::Result<void> SqliteStore::begin_transaction() {
  CHECK(!db_->in_transaction());
  transaction_state_ = TransactionState::intact;
  free_bytes_.reset();
  try {
    db_->run("BEGIN IMMEDIATE");
    return {};
  } catch (const VerbFailed& failed) {
    roll_back();
    return failed.error;
  }
}

void SqliteStore::begin_verb() { changes_before_verb_ = db_->changes_so_far(); }

TransactionalStore::TransactionState SqliteStore::end_verb(bool keep) {
  if (keep) {
    CHECK(db_->in_transaction() && db_->health() == Db::Health::good);
    return TransactionState::intact;
  }
  const bool untouched = db_->health() == Db::Health::good && db_->changes_so_far() == changes_before_verb_;
  if (untouched && db_->in_transaction()) return TransactionState::intact;
  roll_back();
  return transaction_state_;
}

core::Result<void> SqliteStore::commit_transaction() {
  try {
    counters_.set({CounterKind::id_high_water}, ids_.high_water());
    counters_.flush(*db_);
    db_->run("COMMIT");
  } catch (const VerbFailed& failed) {
    roll_back();
    return failed.error;
  }
  counters_.commit();
  lanes_.committed();
  backup_is_new_ = false;
  return {};
}

TransactionalStore::TransactionState SqliteStore::transaction_state() const { return transaction_state_; }

// Afterwards no transaction is open, and the caches agree with what is on the disk.
void SqliteStore::roll_back() {
  transaction_state_ = state_after(db_->health());
  if (transaction_state_ == TransactionState::intact) transaction_state_ = TransactionState::lost;
  counters_.roll_back();
  purge_walk_ = {};  // rows that it has passed may be there again
  if (std::exchange(backup_is_new_, false)) backup_.reset();
  if (transaction_state_ == TransactionState::broken) return;
  try {
    if (db_->in_transaction()) db_->run("ROLLBACK");
    lanes_.rolled_back();
    db_->recovered();
  } catch (const VerbFailed&) {
    transaction_state_ = TransactionState::broken;
  }
}

TransactionalStore::TransactionState SqliteStore::tend(bool idle) {
  if (backup_) backup_->step();
  const auto pages = db_->wal_pages();
  try {
    if (wipe_log_ && idle) {
      db_->wipe_log();
      wipe_log_ = false;
    } else if (pages >= (idle ? config_.checkpoint_pages_idle : config_.checkpoint_pages_busy)) {
      db_->checkpoint();
    }
  } catch (const VerbFailed& failed) {
    // No room to copy the log into the database: nothing is lost, and the log goes on growing.
    if (failed.error.code != core::Errc::disk_full) return TransactionState::broken;
    db_->recovered();
  }
  return TransactionState::intact;
}

}  // namespace batchd::storage
