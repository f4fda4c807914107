// The embedded store: one SQLite file, one connection that locks out every other one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/error.h"
#include "storage/transactional_store.h"

namespace batchd::storage {

struct SqliteConfig {
  std::string path;  // the folder must exist
  int node = 0;      // 0..1023, part of every id
  // The WAL is copied into the database when this many pages stand in it and nothing is waiting, or at the second
  // number in any case. Pages are 8 KiB.
  std::int64_t checkpoint_pages_idle = 1000;
  std::int64_t checkpoint_pages_busy = 4000;
  std::int64_t max_pages = 0;  // 0: as large as the disk allows. Beyond it every write fails with Errc::disk_full
};

// Opens, or creates with mode 0600, and migrates. Start-up does not grow with the backlog.
// The process must ignore SIGXFSZ (a file size limit would kill it), and must not fork with the store open.
// Errors: locked (another process has it), newer_schema, invalid (network file system; somebody else's database),
// store_failed (with the system's words).
core::Result<std::unique_ptr<TransactionalStore>> open_sqlite(const SqliteConfig& config);

}  // namespace batchd::storage
