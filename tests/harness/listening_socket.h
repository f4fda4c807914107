// A listening Unix socket, as a service manager holds one for a daemon that is started and stopped.
#pragma once

#include <string>

namespace batchd::harness {

class ListeningSocket {
 public:
  // Throws std::runtime_error if the socket can't be made. A socket of type SOCK_STREAM listens if `listens` is true.
  ListeningSocket(std::string path, int type, bool listens = true);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  int descriptor() const { return fd_; }

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace batchd::harness
