// The sockets that the server listens on: one in the file system, perhaps one of TCP.
#pragma once

#include <sys/types.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <optional>

#include "core/error.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, Executor>;

// Owns the listening socket and, of a Unix socket that it has bound itself, its file, which it removes when it closes,
// if it is still its own.
class Listener {
 public:
  // See make_http_server() for the rules and errors.
  static core::Result<Listener> open_unix(Executor executor, const std::string& path, unsigned mode,
                                          std::optional<gid_t> group);
  // One that somebody else has bound and keeps, with its file, mode and backlog. Takes the descriptor, errors included.
  static core::Result<Listener> adopt_unix(Executor executor, int descriptor);
  // `address` is "HOST:PORT", the host a literal address (IPv6 in brackets) or "localhost". Errc::locked: in use.
  static core::Result<Listener> open_tcp(Executor executor, const std::string& address);
  Listener(Listener&&) noexcept = default;
  ~Listener() { close(); }

  Acceptor& acceptor() { return acceptor_; }
  bool is_open() const { return acceptor_.is_open(); }
  std::uint16_t tcp_port() const { return tcp_port_; }  // 0: a Unix socket
  void close();

 private:
  explicit Listener(Executor executor) : acceptor_(executor) {}
  Acceptor acceptor_;
  std::uint16_t tcp_port_ = 0;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace batchd::daemon
