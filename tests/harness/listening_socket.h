// A listening Unix socket that outlives daemons, as a service manager holds one.
#pragma once

#include <string>

namespace batchd::harness {

class ListeningSocket {
 public:
  // Throws std::runtime_error if it can't be had. `type` SOCK_STREAM: listens, unless told not to.
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
