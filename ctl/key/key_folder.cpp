#include "ctl/key/key_folder.h"

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>
#include <string_view>
#include <vector>

namespace batchd::ctl {
namespace {

constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kLinksMax = 40;  // as many as the kernel follows

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  std::istringstream text(path);
  for (std::string name; std::getline(text, name, '/');)
    if (!name.empty() && name != ".") names.push_back(name);
  return names;
}

bool is_service(uid_t user) {
  const auto* entry = ::getpwnam(kServiceUser);
  return entry != nullptr && entry->pw_uid == user;
}

}  // namespace

KeyFolder::KeyFolder(const std::string& path) {
  const auto names = names_in(path);
  left_.assign(names.begin(), names.end());
  if (!enter(::open("/", kFlags)) || !trust("/", left_.empty())) return;
  while (!left_.empty())
    if (!step()) return;
}

KeyFolder::~KeyFolder() {
  if (fd_ >= 0) ::close(fd_);
}

bool KeyFolder::enter(int opened) {
  if (opened < 0) {
    error_ = errno;
    return false;
  }
  if (fd_ >= 0) ::close(fd_);
  fd_ = opened;
  return true;
}

bool KeyFolder::step() {
  const auto name = left_.front();
  left_.pop_front();
  struct stat facts {};
  if (::fstatat(fd_, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
    error_ = errno;
    return false;
  }
  if (S_ISLNK(facts.st_mode)) {
    // Even a link of root's may have been put into a shared folder by somebody else, as a hard link.
    if (::geteuid() == 0 && (facts.st_uid != 0 || shared_)) {
      fault_ = at_ + '/' + name + " is a symbolic link that not only root may have made";
      return false;
    }
    return follow(name);
  }
  if (!enter(::openat(fd_, name.c_str(), kFlags))) return false;
  at_ = name == ".." ? at_.substr(0, at_.rfind('/')) : at_ + '/' + name;
  return trust(at_.empty() ? "/" : at_, left_.empty());
}

bool KeyFolder::follow(const std::string& name) {
  std::array<char, PATH_MAX> target;
  const auto size = ::readlinkat(fd_, name.c_str(), target.data(), target.size());
  if (size < 0 || ++links_ > kLinksMax) {
    error_ = size < 0 ? errno : ELOOP;
    return false;
  }
  const std::string path(target.data(), static_cast<std::size_t>(size));
  const auto names = names_in(path);
  left_.insert(left_.begin(), names.begin(), names.end());
  if (path.starts_with('/')) {
    if (!enter(::open("/", kFlags))) return false;
    at_.clear();
  }
  return trust(at_.empty() ? "/" : at_, left_.empty());
}

bool KeyFolder::trust(const std::string& path, bool last) {
  struct stat facts {};
  if (::fstat(fd_, &facts) != 0) {
    error_ = errno;
    return false;
  }
  if (::geteuid() != 0) return true;                                 // a user can only do to itself what a user may do
  const bool writable = (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0;  // an access list shows as a group's right
  shared_ = writable && !last && (facts.st_mode & S_ISVTX) != 0;
  of_service_ = last && facts.st_uid != 0 && is_service(facts.st_uid);
  if ((facts.st_uid == 0 || of_service_) && (!writable || shared_)) return true;
  fault_ =
      path + (facts.st_uid != 0 && !of_service_ ? " belongs to another user than root" : " may be written by others");
  return false;
}

}  // namespace batchd::ctl
