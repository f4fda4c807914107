#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<void> SqliteStore::backup_begin(const std::string&) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<core::BackupProgress> SqliteStore::backup_progress() {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<void> SqliteStore::backup_end() { return core::Error{core::Errc::invalid, "not here yet"}; }

}  // namespace batchd::storage
