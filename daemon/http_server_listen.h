// The server's socket in the file system.
#pragma once

#include <sys/types.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <optional>

#include "core/error.h"
#include "daemon/http_server.h"

namespace batchd::daemon {

using LocalAcceptor = asio::basic_socket_acceptor<asio::local::stream_protocol, Executor>;

// Owns the listening socket and its file, which it removes when it closes, if it is still its own.
class Listener {
 public:
  // See make_http_server() for the rules and errors.
  static core::Result<Listener> open(Executor executor, const std::string& path, unsigned mode,
                                     std::optional<gid_t> group);
  Listener(Listener&&) noexcept = default;
  ~Listener() { close(); }

  LocalAcceptor& acceptor() { return acceptor_; }
  bool is_open() const { return acceptor_.is_open(); }
  void close();

 private:
  explicit Listener(Executor executor) : acceptor_(executor) {}
  LocalAcceptor acceptor_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace batchd::daemon
