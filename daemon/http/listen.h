// The sockets that the server listens on: a Unix socket, and a TCP socket if configured.
#pragma once

#include <sys/types.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <optional>

#include "core/error.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, Executor>;

// Owns a listening socket. If it has bound a Unix socket itself, it also owns the socket's file, and removes the file
// when it closes, unless somebody has replaced the file.
class Listener {
 public:
  // See make_http_server() for the rules and errors.
  static core::Result<Listener> open_unix(Executor executor, const std::string& path, unsigned mode,
                                          std::optional<gid_t> group);
  // Takes over a socket that somebody else has bound and keeps, with its file, mode and backlog. Owns the descriptor
  // from then on; closes it if an error is returned.
  static core::Result<Listener> adopt_unix(Executor executor, int descriptor);
  // Listens on `address`, "HOST:PORT" with a literal address (IPv6 in brackets) or "localhost" as the host. Returns
  // Errc::locked if the address is in use, Errc::invalid for any other failure.
  static core::Result<Listener> open_tcp(Executor executor, const std::string& address);
  Listener(Listener&&) noexcept = default;
  ~Listener() { close(); }

  Acceptor& acceptor() { return acceptor_; }
  bool is_open() const { return acceptor_.is_open(); }
  std::uint16_t tcp_port() const { return tcp_port_; }  // 0 for a Unix socket
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
