// HTTP/1.1 on a Unix socket, and on TCP if configured. The server identifies the caller and keeps the rules of the
// protocol; it knows nothing of what the calls mean.
//
// Rules: A request has exactly one Host (on TCP it must name this server, else 421). Its body has a Content-Length, or
// is plain chunked where allows_chunked() permits that; any other Transfer-Encoding is answered 501 and the connection
// closed. The limit of a chunked body counts chunk extensions too. Any parse error is answered once and the connection
// closed. The head must arrive within header_timeout and kHeaderBytesMax; a body slower than the floor is cut off. A
// client that half-closes still gets its answer. HTTP/1.0 is understood, without keep-alive and chunks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/ids.h"
#include "daemon/net/net.h"

namespace batchd::daemon {

struct Peer {
  core::OwnerId owner;
  bool admin = false;  // root, the daemon's own uid, a member of admin_group (SO_PEERGROUPS), or a token that says so
  bool known = true;   // false for a TCP client without a valid token, who may use calls that need no credentials
  std::uint64_t credential = 0;  // the bearer token's number; 0 if none was needed, or there was none
  bool this_host = true;         // the call comes over the Unix socket, or from a loopback address
};

struct RequestHead {
  std::string method;
  std::string path;  // percent-decoded; "." and ".." segments, NUL and bad escapes are refused with 400 before this
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::int64_t content_length = 0;
  bool chunked = false;  // if true, the body's length isn't known, and content_length is 0

  std::string_view header(std::string_view lower_case_name) const;  // value of the first one, or empty
  std::optional<std::string_view> query_value(std::string_view name) const;
};

struct ReplyHead {
  int status = 200;
  std::string content_type;                                  // empty if there is no body
  std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Type, Content-Length, Connection, Date
};

// One request and its answer, as a handler sees it. Valid until the handler returns; for use on the executor's thread
// only.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Peer& peer() const = 0;
  virtual const RequestHead& head() const = 0;
  // Returns false if the caller's bearer token is no longer in force. A handler that serves one call for long checks
  // this from time to time.
  virtual bool still_known() const = 0;

  // Returns the next piece of the request's body (at most about 64 KiB), or no bytes at its end. Returns Errc::invalid
  // if the body was cut off or came too slowly, Errc::too_large if it is over the limit. A handler may leave the body
  // unread: the server then drops it or closes the connection.
  virtual Task<core::Result<std::string>> read_body() = 0;
  // Sets the limit of this body in bytes, instead of HttpServerConfig::body_bytes_max.
  virtual void allow_body(std::int64_t bytes_max) = 0;

  // Returns when the client is gone for good: on a Unix socket when it has closed both directions, over TCP also for a
  // half-close, which can't be told from a close there. Cancelled with the awaiting coroutine. While it waits, the
  // connection holds no buffer.
  virtual Task<void> hung_up() = 0;
  // Called before the answer: tells the client, and proxies on the way, that the call goes on. Sends a 102, but nothing
  // to an HTTP/1.0 client or to one that doesn't read what was already sent. Returns false if the client is gone.
  virtual Task<bool> interim() = 0;

  // Each exchange is answered by exactly one of reply(), begin_reply() and begin_stream(). These and write(),
  // writable() and end_stream() return false if the client takes no more.
  //
  // Sends one whole answer.
  virtual Task<bool> reply(ReplyHead head, std::string body) = 0;
  // Begins an answer of known length: exactly body_bytes must follow by write(). A handler that can't deliver them
  // returns early; the connection is then closed, so that the client sees the cut.
  virtual Task<bool> begin_reply(ReplyHead head, std::int64_t body_bytes) = 0;
  virtual Task<bool> write(std::string_view bytes) = 0;
  // Waits until the client has room for more. A handler that waits here before it reads its next piece holds nothing in
  // memory for a slow client.
  virtual Task<bool> writable() = 0;
  // Begins an answer of unknown length: chunked, or for an HTTP/1.0 client ended by closing. Any number of write()
  // follow; without end_stream() the client sees that the answer was cut.
  virtual Task<bool> begin_stream(ReplyHead head) = 0;
  virtual Task<bool> end_stream() = 0;

  // Called after the whole answer, before the handler returns. `told` is called once, with whether the client received
  // the whole answer: when the client closes, sends its next request or breaks off, or when the server closes the
  // connection. It is called on the executor's thread between two steps of the connection, and never if the server is
  // cut before. Keep `told` small: it is kept as long as the connection is idle.
  virtual void after_answer(std::function<void(bool taken)> told) = 0;
};

// When all connections are in use, the connection that has been idle (or without a complete head) for longest makes
// room for a new one; only if every connection has an exchange under way is the new one turned away. One owner's
// exchanges may take `owner_connections_max` connections (0: all of them); further ones are answered 429.
// Administrators are exempt.
struct ConnectionLimits {
  int connections_max = 0;
  int owner_connections_max = 0;
};

struct HttpServerConfig {
  std::string socket_path;
  unsigned socket_mode = 0660;
  std::string socket_group;  // empty: the socket's group is left as it is
  // The descriptor of a Unix socket that listens already, used instead of the three above. The server takes it over but
  // does not remove its file. Clients in its backlog when the listener closes stay there for the other holders of the
  // socket (systemd).
  std::optional<int> passed_socket;
  std::string admin_group;  // empty: only root and the daemon's own uid are administrators
  bool allow_mapped_uids = false;
  std::string listen;              // "127.0.0.1:8090"; port 0 takes any free port; empty: no TCP
  std::vector<std::string> hosts;  // names, without port, allowed in Host over TCP beside loopback and `listen`
  // Returns who a TCP request is from, by the credentials in its head, which it may take out of the head; nullopt if
  // the caller is unknown. Called once per request.
  std::function<std::optional<Peer>(RequestHead&)> authenticate;
  std::function<bool(const Peer&)> still_known;            // if empty, a caller always stays known
  std::function<bool(const RequestHead&)> allows_chunked;  // if empty, no body may be chunked
  std::int64_t body_bytes_max = 0;
  ConnectionLimits connections;  // until HttpServer::limit_connections() is called
  core::Duration header_timeout{};
  core::Duration idle_timeout{};   // keep-alive between two requests
  core::Duration write_timeout{};  // for one piece of an answer
  // The slowest rate of a body in decoded bytes/s, after the grace. Time that a client saved by sending fast may be
  // used later, up to the maximal credit.
  std::int64_t body_rate_floor = 0;
  core::Duration body_rate_grace = std::chrono::seconds(10);
  core::Duration body_rate_credit_max = std::chrono::seconds(60);
};

class HttpServer {
 public:
  using Handler = std::function<Task<void>(Exchange&)>;
  // Renders a protocol error (problem+json): returns the head, with its content type, and the body of the answer.
  using RenderError =
      std::function<std::pair<ReplyHead, std::string>(int status, std::string_view code, std::string_view detail)>;

  virtual ~HttpServer() = default;
  // Accepts connections until cancelled or closed, and returns when all sessions have ended; every session is a task of
  // its own.
  virtual Task<void> serve() = 0;
  virtual void close_listener() = 0;  // accepts no more; closes idle connections; lets exchanges under way go on
  virtual int exchanges_under_way() const = 0;
  // Changes the limits, also while serving. If more connections are open than the new limit allows, no call is cut:
  // idle connections make room when others come, and new ones are turned away until enough have gone.
  virtual void limit_connections(ConnectionLimits limits) = 0;
  virtual int connections() const = 0;
  virtual std::uint16_t tcp_port() const = 0;  // 0 if there is no TCP
};

// Makes a server that listens when this returns. A passed socket becomes the server's own, and the rules for the file
// don't apply to it. Otherwise the Unix socket is bound with umask 0117, so that its file never has more rights than it
// is to have, and then given its group and mode; a socket file that exists is replaced only if nobody listens on it.
// Returns Errc::locked if another process listens on the socket file or on the TCP address. Returns Errc::invalid for a
// path that is too long or not a socket, an unknown group, a malformed address, a user namespace that maps uids (unless
// allow_mapped_uids is set), or another failure of the system.
core::Result<std::unique_ptr<HttpServer>> make_http_server(Executor executor, HttpServerConfig config,
                                                           HttpServer::Handler handler, HttpServer::RenderError render);

}  // namespace batchd::daemon
