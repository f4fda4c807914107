#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "ctl/commands/commands.h"
#include "ctl/console/exit_code.h"

namespace batchd::ctl {
namespace {

constexpr Seconds kBackupSilenceMax{600};  // the copy is made before its first byte is sent

// Writes FILE.part, and renames it to FILE when it is complete and on the disk. A failed backup leaves no file.
class BackupFile : public BodySink {
 public:
  BackupFile(std::string path, Console& console) : path_(std::move(path)), part_(path_ + ".part"), console_(console) {}
  BackupFile(const BackupFile&) = delete;
  BackupFile& operator=(const BackupFile&) = delete;
  ~BackupFile() override {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(part_.c_str());
  }

  // The file has prompts and results, so only its owner may read it. Returns false if it can't be opened (errno).
  bool open() {
    fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    return fd_ >= 0;
  }
  void begin(std::optional<std::uint64_t> total) override {
    total_ = total.value_or(0);
    done_ = 0;
    error_ = ::ftruncate(fd_, 0) == 0 && ::lseek(fd_, 0, SEEK_SET) == 0 ? 0 : errno;
  }
  bool take(std::string_view bytes) override {
    while (error_ == 0 && !bytes.empty()) {
      const auto count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        error_ = errno;
        break;
      }
      bytes.remove_prefix(static_cast<std::size_t>(count));
      done_ += static_cast<std::uint64_t>(count);
    }
    console_.progress("backup", done_, total_, Console::Unit::bytes);
    return error_ == 0;
  }
  int error() const { return error_; }
  std::uint64_t bytes() const { return done_; }

  // Returns false on failure (errno). Without `overwrite` a file that was created meanwhile is left alone.
  bool finish(bool overwrite) {
    if (::fsync(fd_) != 0) return false;
    if (::renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, path_.c_str(), overwrite ? 0 : RENAME_NOREPLACE) != 0)
      return false;
    ::close(fd_);
    fd_ = -1;
    const auto folder = std::filesystem::absolute(path_).parent_path();
    const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool kept = folder_fd >= 0 && ::fsync(folder_fd) == 0;
    if (folder_fd >= 0) ::close(folder_fd);
    return kept;
  }

 private:
  const std::string path_, part_;
  Console& console_;
  int fd_ = -1;
  int error_ = 0;
  std::uint64_t total_ = 0, done_ = 0;
};

int cannot_write(Session& session, const std::string& file, int error) {
  session.console.talk("can't write " + file + ": " + std::strerror(error));
  return error == EACCES || error == EPERM ? kNoPermission : error == ENOSPC ? kTryLater : kBadInput;
}

}  // namespace

int backup(Session& session, const std::string& file, bool overwrite) {
  struct stat facts {};
  if (!overwrite && ::lstat(file.c_str(), &facts) == 0) {
    session.console.talk(file + " is there already; --force overwrites it");
    return kBadInput;
  }
  BackupFile target(file, session.console);
  if (!target.open()) {
    const int error = errno;
    if (error == EEXIST) session.console.talk("another backup is writing " + file + ".part; if none is, remove it");
    return cannot_write(session, file + ".part", error);
  }
  const auto answer =
      ask(session, {.method = "GET", .target = "/admin/backup", .timeout = kBackupSilenceMax, .sink = &target});
  session.console.finish_progress();
  if (const auto* code = std::get_if<int>(&answer)) return *code;
  if (target.error() != 0) return cannot_write(session, file + ".part", target.error());
  if (!target.finish(overwrite)) return cannot_write(session, file, errno);
  session.console.data(file);
  session.console.talk(bytes_text(target.bytes()) + " written; it is a whole database: batchd starts on it as it is");
  return kDone;
}

}  // namespace batchd::ctl
