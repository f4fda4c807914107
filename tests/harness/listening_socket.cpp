#include "tests/harness/listening_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>

namespace batchd::harness {

ListeningSocket::ListeningSocket(std::string path, int type, bool listens)
    : path_(std::move(path)), fd_(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  const bool bound = fd_ >= 0 && ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     ::chmod(path_.c_str(), 0640) == 0;
  if (!bound || (listens && type == SOCK_STREAM && ::listen(fd_, 64) != 0))
    throw std::runtime_error("can't listen on " + path_);
}

ListeningSocket::~ListeningSocket() {
  ::close(fd_);
  ::unlink(path_.c_str());
}

}  // namespace batchd::harness
