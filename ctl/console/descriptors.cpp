#include "ctl/console/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

namespace batchd::ctl {
namespace {

constexpr const char* kNowhere = "/dev/null";

// The lowest free descriptor is taken, and all below this one are in use.
bool fill(int fd) {
  const int opened = ::open(kNowhere, fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
  if (opened > STDERR_FILENO) ::close(opened);
  return opened == fd;
}

// Returns false if nothing that is written arrives: it is open for reading only, or names a file without opening it.
bool is_for_writing(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}

bool replace_output() {
  const int nowhere = ::open(kNowhere, O_WRONLY | O_CLOEXEC);
  const bool replaced = nowhere >= 0 && ::dup2(nowhere, STDOUT_FILENO) == STDOUT_FILENO;
  if (nowhere >= 0) ::close(nowhere);
  return replaced;
}

}  // namespace

StandardDescriptors make_descriptors_valid() {
  StandardDescriptors found;
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    found.valid = found.valid && fill(fd);
    if (fd == STDOUT_FILENO) found.output_written = false;
  }
  if (found.valid && found.output_written && !is_for_writing(STDOUT_FILENO)) {
    found.output_written = false;
    found.valid = replace_output();
  }
  return found;
}

}  // namespace batchd::ctl
