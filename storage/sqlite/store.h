// The embedded store: one SQLite file, used by one connection that locks out all others.
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
  // The WAL is copied into the database (checkpoint) when it has this many pages: the first number applies if no verb
  // is waiting, the second in any case. Pages are 8 KiB.
  std::int64_t checkpoint_pages_idle = 1000;
  std::int64_t checkpoint_pages_busy = 4000;
  std::int64_t max_pages = 0;  // size of the database; beyond it writes fail with Errc::disk_full. 0: no limit
};

// Opens the database, or creates it with mode 0600, and migrates it. The time this takes doesn't grow with the backlog;
// that of a migration, the first time after an update, may grow with the number of batches that are kept. The process
// must ignore SIGXFSZ (a file size limit would kill it), and must not fork while the store is open. Errors: locked
// (another process has the database), newer_schema, invalid (on a network file system, or not a database of batchd),
// store_failed (with the system's words).
core::Result<std::unique_ptr<TransactionalStore>> open_sqlite(const SqliteConfig& config);

}  // namespace batchd::storage
