#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

GroupStore::GroupState state_after(Db::Health health) {
  switch (health) {
    case Db::Health::good:
      return GroupStore::GroupState::intact;
    case Db::Health::full:
      return GroupStore::GroupState::lost;
    case Db::Health::broken:
      return GroupStore::GroupState::broken;
  }
  return GroupStore::GroupState::broken;
}

}  // namespace

core::Result<void> SqliteStore::begin_group() {
  CHECK(!db_->in_transaction());
  group_state_ = GroupState::intact;
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

GroupStore::GroupState SqliteStore::end_verb(bool keep) {
  if (keep) {
    CHECK(db_->in_transaction() && db_->health() == Db::Health::good);
    return GroupState::intact;
  }
  const bool untouched = db_->health() == Db::Health::good && db_->changes_so_far() == changes_before_verb_;
  if (untouched && db_->in_transaction()) return GroupState::intact;
  roll_back();
  return group_state_;
}

core::Result<void> SqliteStore::commit_group() {
  try {
    counters_.set({CounterKind::id_high_water}, ids_.high_water());
    counters_.flush(*db_);
    db_->run("COMMIT");
  } catch (const VerbFailed& failed) {
    roll_back();
    return failed.error;
  }
  counters_.commit();
  lanes_changed_ = false;
  backup_is_new_ = false;
  return {};
}

GroupStore::GroupState SqliteStore::group_state() const { return group_state_; }

// Afterwards there is no transaction, and what is cached is again what is on the disk.
void SqliteStore::roll_back() {
  group_state_ = state_after(db_->health());
  if (group_state_ == GroupState::intact) group_state_ = GroupState::lost;
  counters_.roll_back();
  purge_walk_ = {};  // what it went past may be there again
  if (std::exchange(backup_is_new_, false)) backup_.reset();
  if (group_state_ == GroupState::broken) return;
  try {
    if (db_->in_transaction()) db_->run("ROLLBACK");
    if (lanes_changed_) load_lanes();
    lanes_changed_ = false;
    db_->recovered();
  } catch (const VerbFailed&) {
    group_state_ = GroupState::broken;
  }
}

GroupStore::GroupState SqliteStore::tend(bool idle) {
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
    // No room to copy the log into the database: nothing is lost, the log goes on.
    if (failed.error.code != core::Errc::disk_full) return GroupState::broken;
    db_->recovered();
  }
  return GroupState::intact;
}

}  // namespace batchd::storage
