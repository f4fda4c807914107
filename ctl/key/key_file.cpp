#include "ctl/key/key_file.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "ctl/console/exit_code.h"

namespace batchd::ctl {
namespace {

using std::filesystem::path;

bool is_root() { return ::geteuid() == 0; }
const passwd* service_user() { return ::getpwnam("batchd"); }  // of the packaged service

CommandError cannot_write(const std::string& file, int error, const std::string& kind) {
  const bool full = error == ENOSPC || error == EDQUOT;
  const bool forbidden = error == EACCES || error == EPERM || error == EROFS;
  const auto hint = forbidden && !is_root() ? ": run it as root: sudo batchctl setup " + kind : "";
  const int code = full ? kTryLater : forbidden ? kNoPermission : kBadConfig;
  return {code, "can't write " + file + ": " + std::strerror(error) + hint};
}

// Root writes a key only into a folder that is root's alone, as all above it are: whoever can move one of them would
// decide which file root replaces, and who may read it. Since nobody else can, what is seen here stays so. Two
// exceptions: a sticky folder above, where nobody can move what is root's, and a last folder of the service's user, who
// reads the key anyway. A link would need all these looks again, so there is to be none.
void check_for_root(const path& folder, const std::string& file) {
  path at;
  for (const auto& name : folder) {
    at /= name;
    struct stat facts {};
    if (::lstat(at.c_str(), &facts) != 0) throw cannot_write(file, errno, {});
    const bool last = at == folder;
    const auto* service = last ? service_user() : nullptr;
    const bool trusted = facts.st_uid == 0 || (service != nullptr && facts.st_uid == service->pw_uid);
    const bool open = (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0;  // an access list shows as a group's right
    const char* fault = S_ISLNK(facts.st_mode)                             ? " is a symbolic link"
                        : !trusted                                         ? " belongs to another user than root"
                        : open && (last || (facts.st_mode & S_ISVTX) == 0) ? " may be written by others"
                                                                           : nullptr;
    if (fault != nullptr)
      throw CommandError{kBadConfig,
                         "root doesn't write " + file + ": " + at.string() + fault +
                             "\nlet api_key_file name a file in a folder that is root's alone, with all above "
                             "it; or run this as the user who owns it"};
  }
}

// Throws if the key can't be put there. Whoever isn't root can only do to itself what a user may do.
void check_place(const path& folder, const std::string& file, const std::string& kind) {
  if (is_root()) check_for_root(folder, file);
  if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) throw cannot_write(file, errno, kind);
  struct stat facts {};
  const bool is_there = ::lstat(file.c_str(), &facts) == 0;
  if (!is_there && errno != ENOENT) throw cannot_write(file, errno, kind);
  if (is_there && !S_ISREG(facts.st_mode))
    throw CommandError{kBadInput, file + (S_ISLNK(facts.st_mode) ? " is a symbolic link: let api_key_file name the file"
                                                                 : " isn't a file")};
}

// Returns false with errno set.
bool give_to_readers(int fd, const std::string& file, const config::SharedKey& shared) {
  struct stat old {};
  if (file == shared.stored) return true;
  if (file != shared.file && ::lstat(file.c_str(), &old) == 0)
    return ::fchown(fd, old.st_uid, old.st_gid) == 0 && ::fchmod(fd, old.st_mode & (S_IRWXU | S_IRGRP)) == 0;
  const auto* user = is_root() ? service_user() : nullptr;
  return user == nullptr || (::fchown(fd, user->pw_uid, user->pw_gid) == 0 && ::fchmod(fd, S_IRUSR) == 0);
}

// Makes a new file of a name that nobody can foresee, and gives it the place of the old one: no link is followed.
// Returns 0 or errno; the old file is there as it was unless 0 is returned.
int replace(const std::string& file, const std::string& text, const config::SharedKey& shared) {
  auto fresh = file + ".XXXXXX";
  const int fd = ::mkostemp(fresh.data(), O_CLOEXEC);
  if (fd < 0) return errno;
  errno = ENOSPC;  // what half a write doesn't say
  const bool done = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                    give_to_readers(fd, file, shared) && ::fsync(fd) == 0 && ::rename(fresh.c_str(), file.c_str()) == 0;
  const int error = done ? 0 : errno;
  if (!done) ::unlink(fresh.c_str());
  const int folder = ::open(path(file).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ::fsync(folder);  // the rename; not where the folder may be written but not read
  for (const int open : {fd, folder}) ::close(open);
  return error;
}

}  // namespace

std::string find_key_file(const config::Account& account) {
  const bool credential = account.api_key_file.empty();
  const std::string file = credential ? config::shared_key(account.kind).stored : account.api_key_file;
  if (!file.starts_with('/'))
    throw CommandError{kBadConfig, "api_key_file depends on the folder in which batchd starts: give its whole path"};
  const auto folder = path(file).parent_path();
  const bool made_later = credential && ::access(folder.c_str(), F_OK) != 0 && errno == ENOENT;
  check_place(made_later ? folder.parent_path() : folder, file, account.kind);
  return file;
}

void write_key_file(const std::string& file, std::string_view key, const config::SharedKey& shared) {
  const auto folder = path(file).parent_path();
  if (file == shared.stored && ::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    throw cannot_write(folder, errno, shared.kind);
  check_place(folder, file, shared.kind);
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before);  // no signal leaves a half-written file behind
  const int error = replace(file, std::string(key) + '\n', shared);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) throw cannot_write(file, error, shared.kind);
}

}  // namespace batchd::ctl
