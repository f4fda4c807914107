// One connection to a provider: resolve, connect, TLS, bytes. Every wait is bounded; nothing here throws.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "daemon/net/io_timeout.h"
#include "daemon/net/net.h"
#include "daemon/provider/https_url.h"

namespace batchd::daemon {

class Connection {
 public:
  using Tcp = asio::ip::tcp;
  using Instant = IoTimeout::Instant;
  struct Io {
    boost::system::error_code error;
    std::size_t bytes = 0;
    bool timed_out = false;
    bool ended = false;  // of a read: the peer closed in an orderly way (over TLS, with close_notify)
    std::string text(std::string_view doing) const;
  };

  // `url` and `tls` (null for plain HTTP) must outlive the connection.
  Connection(Executor executor, const BaseUrl& url, asio::ssl::context* tls);

  // Connects, and shakes hands over TLS. Returns an empty text if the connection is ready for a request, otherwise what
  // failed; no byte of a request has been written in either case.
  Task<std::string> connect(core::Duration timeout);
  // Writes all of `bytes`, or returns an error. After a timeout, what has already arrived can still be read.
  Task<Io> write(std::string_view bytes, core::Duration timeout);
  // Reads at least one byte unless it returns an error; after a timeout the connection is closed.
  Task<Io> read_some(char* data, std::size_t capacity, Instant until);
  void close();
  void abort();  // closes with a reset: unsent bytes are dropped, and the peer is told at once

  // Returns true if nothing has arrived on an idle connection and the peer has not closed it.
  bool still_quiet();
  Instant idle_since() const { return idle_since_; }
  void mark_idle();

 private:
  using Socket = asio::basic_stream_socket<Tcp, Executor>;
  enum class OnExpiry : std::uint8_t { close, stop_writing };
  Task<std::string> resolve(Instant until, std::vector<Tcp::endpoint>& endpoints);
  Task<std::string> handshake(Instant until);
  void expire();
  Io outcome(boost::system::error_code error, std::size_t bytes);

  const BaseUrl& url_;
  Socket socket_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  IoTimeout deadline_;
  OnExpiry on_expiry_ = OnExpiry::close;
  Instant idle_since_{};
};

}  // namespace batchd::daemon
