#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "storage/sqlite/files.h"
#include "storage/sqlite/impl.h"
#include "storage/sqlite/schema.h"

namespace batchd::storage {
namespace {

// On these file systems locks and flushes don't do what SQLite needs.
void refuse_network_file_system(const std::string& folder) {
  constexpr std::uint32_t kCifs = 0xFF534D42;
  constexpr std::array<std::uint32_t, 8> kRefused{NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC, SMB2_SUPER_MAGIC, kCifs,
                                                  FUSE_SUPER_MAGIC, V9FS_MAGIC,      CEPH_SUPER_MAGIC, AFS_SUPER_MAGIC};
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) give_up_errno("can't look at " + folder);
  for (const auto magic : kRefused)
    if (static_cast<std::uint32_t>(info.f_type) == magic)
      give_up(core::Errc::invalid, folder + " is on a network or user-space file system: the store needs a local disk");
}

// Opens the file only if it doesn't exist: closing any descriptor of a database drops this process's locks on it.
void create_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && errno != EEXIST) give_up_errno("can't create " + path);
  if (fd >= 0) ::close(fd);
}

std::unique_ptr<Db> connect(const std::string& path) {
  // Nobody asks how much memory SQLite uses, and counting takes a lock at each allocation. Once SQLite is in use this
  // call is refused, which does no harm.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (handle == nullptr) give_up(core::Errc::store_failed, "no memory for SQLite");
  auto db = std::make_unique<Db>(handle);
  if (code != SQLITE_OK) db->fail(code);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  return db;
}

void set_up(Db& db, const SqliteConfig& config) {
  // EXCLUSIVE comes before WAL: no shared memory, and never a second connection. That also avoids the WAL-reset bug of
  // SQLite before 3.51.3, which needs two connections.
  db.script(
      "PRAGMA locking_mode = EXCLUSIVE;"
      "PRAGMA page_size = 8192;"
      "PRAGMA auto_vacuum = INCREMENTAL;"
      "PRAGMA journal_mode = WAL;"
      "PRAGMA synchronous = FULL;"
      "PRAGMA cache_size = -16384;"
      "PRAGMA temp_store = MEMORY;"
      "PRAGMA secure_delete = ON;"
      "PRAGMA cell_size_check = ON;"
      "PRAGMA trusted_schema = OFF;"
      "BEGIN IMMEDIATE; COMMIT;");  // takes the lock now
  auto mode = db.query("PRAGMA journal_mode");
  if (!mode.row() || mode.bytes(0) != "wal")
    give_up(core::Errc::store_failed, "SQLite won't use a write-ahead log here");
  if (config.max_pages > 0) db.script("PRAGMA max_page_count = " + std::to_string(config.max_pages));
}

}  // namespace

core::Result<std::unique_ptr<TransactionalStore>> open_sqlite(const SqliteConfig& config) {
  try {
    const auto folder = folder_of(config.path);
    refuse_network_file_system(folder);
    create_file(config.path);
    auto db = connect(config.path);
    set_up(*db, config);
    migrate(*db, config.path, migrations());
    flush_folder(folder);
    return std::unique_ptr<TransactionalStore>(std::make_unique<SqliteStore>(std::move(db), config));
  } catch (const VerbFailed& failed) {
    if (failed.error.code == core::Errc::locked)
      return core::Error{core::Errc::locked,
                         config.path + " is in use by another process (is batchd running already?)"};
    return core::Error{failed.error.code, config.path + ": " + failed.error.detail};
  }
}

}  // namespace batchd::storage
