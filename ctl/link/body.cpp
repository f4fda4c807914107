#include "ctl/link/body.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace batchd::ctl {

FileSource::~FileSource() {
  if (fd_ > STDIN_FILENO) ::close(fd_);
}

bool FileSource::open(const std::string& path) {
  fd_ = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts {};
  if (fd_ < 0 || ::fstat(fd_, &facts) != 0) return false;
  if (S_ISDIR(facts.st_mode)) {
    errno = EISDIR;
    return false;
  }
  if (!S_ISREG(facts.st_mode)) return true;
  start_ = std::max<std::int64_t>(::lseek(fd_, 0, SEEK_CUR), 0);
  size_ = static_cast<std::uint64_t>(std::max<std::int64_t>(facts.st_size - start_, 0));
  return true;
}

bool FileSource::rewind() {
  if (done_ == 0) return true;
  if (!size_ || ::lseek(fd_, start_, SEEK_SET) != start_) return false;
  done_ = 0;
  return true;
}

std::optional<std::size_t> FileSource::read(char* buffer, std::size_t size) {
  // Bytes that were appended since the file was opened don't belong to this body.
  if (size_) size = static_cast<std::size_t>(std::min<std::uint64_t>(size, *size_ - done_));
  if (size == 0) return 0;
  ssize_t count = 0;
  do count = ::read(fd_, buffer, size);
  while (count < 0 && errno == EINTR);
  failed_ = failed_ || count < 0 || (count == 0 && size_);  // a file that got shorter
  if (failed_) return std::nullopt;
  done_ += static_cast<std::uint64_t>(count);
  return static_cast<std::size_t>(count);
}

}  // namespace batchd::ctl
