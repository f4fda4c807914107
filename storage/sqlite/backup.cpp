#include "storage/sqlite/backup.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "storage/sqlite/files.h"

namespace batchd::storage {
namespace {

// The pages of each step are flushed at once, so that the last flush doesn't make transactions wait for the whole file.
constexpr int kPagesPerStep = 128;  // 1 MiB

[[noreturn]] void copy_failed(const std::string& what, int error) {
  const bool no_room = error == ENOSPC || error == EDQUOT || error == EFBIG;
  give_up(no_room ? core::Errc::disk_full : core::Errc::invalid, what + ": " + std::strerror(error));
}

std::int64_t number(Query query) { return query.row() ? query.integer(0) : 0; }

}  // namespace

Backup::CloseFile::~CloseFile() {
  if (fd >= 0) ::close(fd);
}

Backup::Backup(Db& source, std::string path) : path_(std::move(path)) {
  progress_.pages = progress_.pages_left = number(source.query("PRAGMA page_count"));
  const auto bytes = progress_.pages * number(source.query("PRAGMA page_size"));
  struct statvfs room {};
  if (::statvfs(folder_of(path_).c_str(), &room) != 0) copy_failed("can't look at " + folder_of(path_), errno);
  if (static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize < static_cast<std::uint64_t>(bytes))
    copy_failed("a copy of " + std::to_string(bytes) + " bytes at " + path_, ENOSPC);
  file_.fd = ::open(path_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (file_.fd < 0) copy_failed("can't create " + path_, errno);
  try {
    open(source);
  } catch (const VerbFailed&) {
    remove();
    throw;
  }
}

Backup::~Backup() {
  if (!handed_over_) remove();
}

void Backup::open(Db& source) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path_.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (handle == nullptr) copy_failed("can't open " + path_, ENOMEM);
  target_ = std::make_unique<Db>(handle);
  if (code != SQLITE_OK) copy_failed("can't open " + path_, sqlite3_system_errno(handle));
  // No journal, since an unfinished copy is removed, never repaired; no flushes by SQLite, since copy_some() flushes.
  sqlite3_exec(handle, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;", nullptr, nullptr, nullptr);
  copy_.reset(sqlite3_backup_init(handle, "main", source.handle(), "main"));
  if (!copy_) give_up(core::Errc::invalid, "can't begin a copy: " + std::string(sqlite3_errmsg(handle)));
}

core::BackupProgress Backup::progress() {
  if (failure_) throw VerbFailed{*failure_};
  wanted_ = true;
  handed_over_ = progress_.finished;
  return progress_;
}

void Backup::step() {
  if (!copy_ || !std::exchange(wanted_, false)) return;
  try {
    copy_some();
  } catch (const VerbFailed& failed) {
    failure_ = failed.error;
    remove();
  }
}

void Backup::copy_some() {
  const int code = sqlite3_backup_step(copy_.get(), kPagesPerStep);
  if (code != SQLITE_OK && code != SQLITE_DONE) {
    int system = 0;
    sqlite3_file_control(target_->handle(), "main", SQLITE_FCNTL_LAST_ERRNO, &system);
    if (system != 0) copy_failed("can't write " + path_, system);
    give_up(code == SQLITE_FULL ? core::Errc::disk_full : core::Errc::invalid,
            "can't make the copy " + path_ + ": " + sqlite3_errstr(code));
  }
  progress_.pages = sqlite3_backup_pagecount(copy_.get());
  progress_.pages_left = sqlite3_backup_remaining(copy_.get());
  if (code == SQLITE_DONE) return complete();
  if (::fdatasync(file_.fd) != 0) copy_failed("can't flush " + path_, errno);
}

void Backup::complete() {
  copy_.reset();
  target_.reset();
  if (::fsync(file_.fd) != 0) copy_failed("can't flush " + path_, errno);
  try {
    flush_folder(folder_of(path_));
  } catch (const VerbFailed& failed) {
    give_up(core::Errc::invalid, failed.error.detail);  // doesn't make the store broken
  }
  progress_.finished = true;
}

void Backup::remove() {
  copy_.reset();
  target_.reset();
  ::unlink(path_.c_str());
}

}  // namespace batchd::storage
