#include "ctl/key/key_file.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "config/api_key.h"
#include "ctl/console/exit_code.h"
#include "ctl/key/key_folder.h"
#include "ctl/link/session.h"

namespace batchd::ctl {
namespace {

constexpr mode_t kModeMax = S_IRWXU | S_IRGRP;  // what a key may have at most

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }
std::string name_of(const std::string& path) { return std::filesystem::path(path).filename().string(); }

CommandError cannot_write(const std::string& path, int error) {
  if ((error == EACCES || error == EPERM) && ::geteuid() != 0)
    return {kNoPermission, "only root may write " + path + ": run it as root: sudo batchctl setup gemini"};
  const int code = error == ENOSPC || error == EDQUOT                    ? kTryLater
                   : error == EACCES || error == EPERM || error == EROFS ? kNoPermission
                                                                         : kBadInput;
  return {code, "can't write " + path + ": " + std::strerror(error)};
}

CommandError cannot_trust(const KeyFolder& folder, const std::string& path) {
  return {kBadConfig, "root doesn't write " + path + ": " + folder.distrust() +
                          "\nlet api_key_file name a file in a folder that is root's alone, with all above it; or run "
                          "this as the user who owns it"};
}

// None: files may be made in it.
std::optional<CommandError> cannot_use(const KeyFolder& folder, const std::string& path) {
  if (!folder.distrust().empty()) return cannot_trust(folder, path);
  if (folder.error() != 0) return cannot_write(path, folder.error());
  if (::faccessat(folder.fd(), ".", W_OK | X_OK, AT_EACCESS) != 0) return cannot_write(path, errno);
  return std::nullopt;
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

// Followed as root, a link could make us overwrite anything.
std::optional<CommandError> no_regular_file(const struct stat& facts, const std::string& path) {
  if (S_ISREG(facts.st_mode)) return std::nullopt;
  return CommandError{kBadInput, path + (S_ISLNK(facts.st_mode) ? " is a symbolic link: let api_key_file name the file"
                                                                : " isn't a file")};
}

// A file of a name that nobody can foresee, beside the one it becomes; gone if it doesn't become it.
class NewFile {
 public:
  NewFile(int folder, std::string target)
      : folder_(folder),
        target_(std::move(target)),
        name_(target_ + '.' + random_key()),
        fd_(::openat(folder, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!renamed_) ::unlinkat(folder_, name_.c_str(), 0);
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
    return ::fchmod(fd_, facts.st_mode & kModeMax) == 0;
  }
  bool be_read_by_service() {
    const auto* user = ::geteuid() == 0 ? ::getpwnam(kServiceUser) : nullptr;
    return user == nullptr || (::fchown(fd_, user->pw_uid, user->pw_gid) == 0 && ::fchmod(fd_, S_IRUSR) == 0);
  }
  bool take_place() {
    if (::fsync(fd_) != 0 || ::renameat(folder_, name_.c_str(), folder_, target_.c_str()) != 0) return false;
    renamed_ = true;
    const int folder = ::openat(folder_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool kept = folder >= 0 && ::fsync(folder) == 0;
    const int error = errno;
    if (folder >= 0) ::close(folder);
    errno = error;
    return kept;
  }

 private:
  const int folder_;
  const std::string target_, name_;
  const int fd_;
  bool renamed_ = false;
};

}  // namespace

std::variant<KeyFile, CommandError> find_key_file(const config::Account& account) {
  KeyFile file{.path = account.api_key_file, .credential = account.api_key_file.empty()};
  if (file.credential) file.path = config::kStoredCredential;
  if (!file.path.starts_with('/'))
    return CommandError{kBadConfig, "api_key_file = \"" + file.path +
                                        "\" depends on the folder in which batchd starts: "
                                        "give its whole path"};
  if (const auto folder = folder_of(file.path); ::access(folder.c_str(), F_OK) != 0 && errno == ENOENT) {
    if (!file.credential) return CommandError{kBadConfig, "the folder of api_key_file, " + folder + ", isn't there"};
    const KeyFolder above(folder_of(folder));
    if (const auto refusal = cannot_use(above, file.path)) return *refusal;
    return file;
  }
  const KeyFolder folder(folder_of(file.path));
  if (const auto refusal = cannot_use(folder, file.path)) return *refusal;
  struct stat facts {};
  if (::fstatat(folder.fd(), name_of(file.path).c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0)
    if (const auto refusal = no_regular_file(facts, file.path)) return *refusal;
  return file;
}

std::variant<std::monostate, CommandError> write_key_file(const KeyFile& file, std::string_view key) {
  const Undisturbed undisturbed;
  const auto path = folder_of(file.path);
  if (file.credential && ::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return cannot_write(path, errno);
  const KeyFolder folder(path);
  if (const auto refusal = cannot_use(folder, file.path)) return *refusal;
  const auto name = name_of(file.path);
  struct stat before {};
  const bool is_there = ::fstatat(folder.fd(), name.c_str(), &before, AT_SYMLINK_NOFOLLOW) == 0;
  if (!is_there && errno != ENOENT) return cannot_write(file.path, errno);
  if (const auto refusal = is_there ? no_regular_file(before, file.path) : std::nullopt) return *refusal;
  const bool daemons_own = file.path == config::kKeyFile || folder.of_service();
  NewFile fresh(folder.fd(), name);
  bool good = fresh.open() && fresh.write(key) && fresh.write("\n");
  if (good && is_there && !file.credential && !daemons_own)
    good = fresh.be_owned_like(before);
  else if (good && !file.credential)
    good = fresh.be_read_by_service();
  if (!good || !fresh.take_place()) return cannot_write(file.path, errno);
  return {};
}

bool remove_key_file(const std::string& path) {
  const KeyFolder folder(folder_of(path));
  return !cannot_use(folder, path) && ::unlinkat(folder.fd(), name_of(path).c_str(), 0) == 0;
}

}  // namespace batchd::ctl
