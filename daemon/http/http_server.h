// HTTP/1.1 on a Unix socket, and on TCP if configured: who is calling, the edges of the protocol, and nothing of what
// the calls mean.
//
// Edges: exactly one Host (on TCP one of ours, else 421); Content-Length, or plain chunked where allows_chunked() says
// so (any other Transfer-Encoding is answered 501 and closed), counted with its extensions; any parse error is answered
// once and the connection closed; header within header_timeout and kHeaderBytesMax; a body slower than the floor is cut
// off; a client that half-closed still gets its answer. HTTP/1.0 is understood, without keep-alive and chunks.
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
  bool known = true;   // false: a TCP client without a valid token, who may use calls that need no credentials
  std::uint64_t credential = 0;  // the token's number; 0: none was needed, or there was none
  bool this_host = true;         // on the Unix socket, or from a loopback address
};

struct RequestHead {
  std::string method;
  std::string path;  // percent-decoded; "." and ".." segments, NUL and bad escapes are refused with 400 before this
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::int64_t content_length = 0;
  bool chunked = false;  // then the length isn't known, and content_length is 0

  std::string_view header(std::string_view lower_case_name) const;  // first one, or empty
  std::optional<std::string_view> query_value(std::string_view name) const;
};

struct ReplyHead {
  int status = 200;
  std::string content_type;                                  // empty: no body
  std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Type, Content-Length, Connection, Date
};

// One request and its answer, as a handler sees it. Lives on the session's coroutine; not for other threads.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Peer& peer() const = 0;
  virtual const RequestHead& head() const = 0;
  // Whether what the caller was known by still counts. Who serves one call for long asks now and then.
  virtual bool still_known() const = 0;

  // The next piece of the request's body (at most about 64 KiB); empty at its end. Errors: Errc::invalid (cut, too
  // slow), Errc::too_large (over max_body). A handler that doesn't read the body needn't: the server drops it or
  // closes.
  virtual Task<core::Result<std::string>> read_body() = 0;
  virtual void allow_body(std::int64_t bytes_max) = 0;  // this body may have so many bytes instead of max_body

  // Resolves when the client is gone for good (both directions), never for a half-close; over TCP, where nobody can
  // tell one from the other, for both. Cancelled with the awaiting coroutine. While it waits, the buffers of this
  // connection are released.
  virtual Task<void> hung_up() = 0;
  // Before the answer: tells the client, and what is between, that the call goes on (102; nothing to an HTTP/1.0
  // client, or to one that doesn't read what it has already). False: the client is gone.
  virtual Task<bool> interim() = 0;

  // One whole answer. Exactly one of reply() and begin_reply() per exchange. False: the client didn't take all of it.
  virtual Task<bool> reply(ReplyHead head, std::string body) = 0;
  // A streamed answer: exactly body_bytes must follow by write(). A handler that can't deliver them returns early, and
  // the connection is closed, so that the client sees the cut.
  virtual Task<bool> begin_reply(ReplyHead head, std::int64_t body_bytes) = 0;
  virtual Task<bool> write(std::string_view bytes) = 0;
  // Until the client has room for more. Who asks before the next piece is read from anywhere has nothing in memory for
  // a client that is slow. False: it takes no more.
  virtual Task<bool> writable() = 0;
  // A streamed answer whose length isn't known (chunked; to an HTTP/1.0 client: ended by closing). Any number of
  // write() follow; without end_stream() the client sees that it was cut.
  virtual Task<bool> begin_stream(ReplyHead head) = 0;
  virtual Task<bool> end_stream() = 0;

  // After the whole answer, before the handler returns: `told` hears once whether the client took it, which shows when
  // it closes, sends its next request, or breaks off, or when the connection is closed here. Called on the executor's
  // thread between two steps of the connection; never if the server is cut before. Keep it small: it stays as long as
  // an idle connection does.
  virtual void after_answer(std::function<void(bool taken)> told) = 0;
};

// When all connections are in use, the one that has been idle (or without a complete head) for longest makes room for a
// new one; only if every one has an exchange under way the new one is turned away. One owner's exchanges may fill
// `owner_connections_max` of them (0: all), further ones are answered 429; administrators' aren't counted.
struct ConnectionLimits {
  int connections_max = 0;
  int owner_connections_max = 0;
};

struct HttpServerConfig {
  std::string socket_path;
  unsigned socket_mode = 0660;
  std::string socket_group;  // empty: unchanged
  // A Unix socket that listens already: taken instead of the three above, and not removed at the end. Clients that
  // wait in its backlog when the listener closes stay there, for whoever else has it.
  std::optional<int> passed_socket;
  std::string admin_group;  // empty: nobody but root and the daemon's uid
  bool allow_mapped_uids = false;
  std::string listen;              // "127.0.0.1:8090", port 0: any free one; empty: no TCP
  std::vector<std::string> hosts;  // that a TCP client may name in Host, beside loopback and `listen`; without port
  // Who a TCP request is from, by what its head carries, and may take out of it; none: nobody we know. Asked once per
  // request.
  std::function<std::optional<Peer>(RequestHead&)> authenticate;
  std::function<bool(const Peer&)> still_known;            // empty: always
  std::function<bool(const RequestHead&)> allows_chunked;  // empty: never
  std::int64_t body_bytes_max = 0;
  ConnectionLimits connections;  // until HttpServer::limit_connections() says something else
  core::Duration header_timeout{};
  core::Duration idle_timeout{};   // keep-alive between two requests
  core::Duration write_timeout{};  // for one piece of an answer
  // Bytes/s of a body (decoded), after the grace. A client that was faster may be so much slower later, but never have
  // us wait for longer than the credit.
  std::int64_t body_rate_floor = 0;
  core::Duration body_rate_grace = std::chrono::seconds(10);
  core::Duration body_rate_credit_max = std::chrono::seconds(60);
};

class HttpServer {
 public:
  using Handler = std::function<Task<void>(Exchange&)>;
  // How protocol errors are rendered (problem+json): status, short code, detail -> body and content type of the reply.
  using RenderError =
      std::function<std::pair<ReplyHead, std::string>(int status, std::string_view code, std::string_view detail)>;

  virtual ~HttpServer() = default;
  // Accepts until cancelled or closed; every session is a task of its own.
  virtual Task<void> serve() = 0;
  virtual void close_listener() = 0;  // no new connections; idle ones are closed; exchanges under way go on
  virtual int exchanges_under_way() const = 0;
  // While it serves, too. Fewer than there are: no call is cut; those without one make room when others come, and no
  // more come until enough have gone.
  virtual void limit_connections(ConnectionLimits limits) = 0;
  virtual int connections() const = 0;
  virtual std::uint16_t tcp_port() const = 0;  // 0: no TCP
};

// A passed socket becomes the server's, and is all that is said here of the Unix socket. Else:
// Binds and listens before it returns, with umask 0117 set before bind and the mode and group applied. A stale socket
// file is replaced only when nobody answers on it (a live one: Errc::locked). Errc::invalid: path too long, not a
// socket, a mapped user namespace without allow_mapped_uids, unknown group, no address. Errc::locked: also an address
// that is in use.
core::Result<std::unique_ptr<HttpServer>> make_http_server(Executor executor, HttpServerConfig config,
                                                           HttpServer::Handler handler, HttpServer::RenderError render);

}  // namespace batchd::daemon
