#include "storage/sqlite/impl.h"

namespace batchd::storage {

core::Result<void> SqliteStore::backup_begin(const std::string& path) {
  return verb([&] {
    if (backup_) refuse(core::Errc::conflict, "another backup is under way");
    backup_ = std::make_unique<Backup>(*db_, path);
    backup_is_new_ = true;
  });
}

core::Result<core::BackupProgress> SqliteStore::backup_progress() {
  return verb([&] {
    if (!backup_) refuse(core::Errc::not_found, "no backup is under way");
    return backup_->progress();
  });
}

core::Result<void> SqliteStore::backup_end() {
  return verb([&] { backup_.reset(); });
}

}  // namespace batchd::storage
