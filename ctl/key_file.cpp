#include "ctl/key_file.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "config/api_key.h"
#include "ctl/exit_code.h"
#include "ctl/session.h"

namespace batchd::ctl {
namespace {

constexpr const char* kServiceUser = "batchd";  // of the packaged service

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

Refusal cannot_write(const std::string& path, int error) {
  if ((error == EACCES || error == EPERM) && ::geteuid() != 0)
    return {kNoPermission, "only root may write " + path + ": run it as root: sudo batchctl setup gemini"};
  const int code = error == ENOSPC || error == EDQUOT                    ? kTryLater
                   : error == EACCES || error == EPERM || error == EROFS ? kNoPermission
                                                                         : kBadInput;
  return {code, "can't write " + path + ": " + std::strerror(error)};
}

// 0, or errno.
int may_make_files_in(const std::string& folder) {
  return ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

// The moment in which a key is replaced isn't interrupted: nothing half-written is left behind.
class Undisturbed {
 public:
  Undisturbed() {
    sigset_t blocked;
    ::sigemptyset(&blocked);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) ::sigaddset(&blocked, signal);
    ::sigprocmask(SIG_BLOCK, &blocked, &before_);
  }
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;
  ~Undisturbed() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// A file of a name that nobody can foresee, beside the one it becomes; gone if it doesn't become it.
class NewFile {
 public:
  explicit NewFile(const std::string& target)
      : target_(target),
        name_(target + '.' + random_key()),
        fd_(::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!renamed_) ::unlink(name_.c_str());
  }
  // All of them: false is errno.
  bool open() const { return fd_ >= 0; }
  bool write(std::string_view text) {
    while (!text.empty()) {
      const auto count = ::write(fd_, text.data(), text.size());
      if (count < 0 && errno != EINTR) return false;
      if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool be_owned_like(const struct stat& facts) {
    struct stat own {};
    if (::fstat(fd_, &own) != 0) return false;
    if ((own.st_uid != facts.st_uid || own.st_gid != facts.st_gid) && ::fchown(fd_, facts.st_uid, facts.st_gid) != 0)
      return false;
    return ::fchmod(fd_, facts.st_mode & 0777) == 0;
  }
  bool be_read_by_service() {
    const auto* user = ::geteuid() == 0 ? ::getpwnam(kServiceUser) : nullptr;
    return user == nullptr || (::fchown(fd_, user->pw_uid, user->pw_gid) == 0 && ::fchmod(fd_, S_IRUSR) == 0);
  }
  bool take_place() {
    if (::fsync(fd_) != 0 || ::rename(name_.c_str(), target_.c_str()) != 0) return false;
    renamed_ = true;
    const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool kept = folder >= 0 && ::fsync(folder) == 0;
    const int error = errno;
    if (folder >= 0) ::close(folder);
    errno = error;
    return kept;
  }

 private:
  const std::string target_, name_;
  const int fd_;
  bool renamed_ = false;
};

}  // namespace

std::variant<KeyFile, Refusal> find_key_file(const config::Account& account) {
  KeyFile file{.path = account.api_key_file, .credential = account.api_key_file.empty()};
  if (file.credential) file.path = config::kStoredCredential;
  if (!file.path.starts_with('/'))
    return Refusal{kBadConfig, "api_key_file = \"" + file.path +
                                   "\" depends on the folder in which batchd starts: "
                                   "give its whole path"};
  auto folder = folder_of(file.path);
  struct stat facts {};
  if (::stat(folder.c_str(), &facts) != 0) {
    if (errno != ENOENT) return cannot_write(file.path, errno);
    if (!file.credential) return Refusal{kBadConfig, "the folder of api_key_file, " + folder + ", isn't there"};
    folder = folder_of(folder);
  }
  if (const int error = may_make_files_in(folder); error != 0) return cannot_write(file.path, error);
  // Followed as root, a link could make us overwrite anything.
  if (::lstat(file.path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode))
    return Refusal{
        kBadInput,
        file.path + (S_ISLNK(facts.st_mode) ? " is a symbolic link: let api_key_file name the file" : " isn't a file")};
  return file;
}

std::variant<std::monostate, Refusal> write_key_file(const KeyFile& file, std::string_view key) {
  const Undisturbed undisturbed;
  const auto folder = folder_of(file.path);
  if (file.credential && ::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) return cannot_write(folder, errno);
  struct stat before {};
  const bool is_there = ::lstat(file.path.c_str(), &before) == 0;
  NewFile fresh(file.path);
  bool good = fresh.open() && fresh.write(key) && fresh.write("\n");
  if (!file.credential) good = good && (is_there ? fresh.be_owned_like(before) : fresh.be_read_by_service());
  if (!good || !fresh.take_place()) return cannot_write(file.path, errno);
  return {};
}

}  // namespace batchd::ctl
