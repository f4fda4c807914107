#include "daemon/http/http_server.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "daemon/http/listen.h"
#include "daemon/http/peer.h"
#include "daemon/http/session.h"
#include "daemon/net/task_group.h"

namespace batchd::daemon {
namespace {

constexpr std::chrono::milliseconds kAcceptPause{100};  // when descriptors or memory have run out

class LocalHttpServer final : public HttpServer {
 public:
  LocalHttpServer(Executor executor, std::shared_ptr<ServerShared> shared, Listener local, std::optional<Listener> tcp,
                  std::optional<gid_t> admin_group)
      : executor_(executor),
        shared_(std::move(shared)),
        local_(std::move(local)),
        tcp_(std::move(tcp)),
        admin_group_(admin_group) {}
  ~LocalHttpServer() override {
    close_listener();
    cut_sessions();
  }

  Task<void> serve() override;
  void close_listener() override;
  int exchanges_under_way() const override { return shared_->under_way; }
  std::uint16_t tcp_port() const override { return tcp_ ? tcp_->tcp_port() : 0; }
  void limit_connections(ConnectionLimits limits) override { shared_->limits = limits; }
  int connections() const override { return shared_->connections(); }

 private:
  Task<void> accept_until_closed(Listener& listener);
  void accept_tcp();
  Task<void> sessions_ended();
  void admit(Session::Socket socket, bool tcp);
  void turn_away(Session::Socket socket);
  void cut_sessions();

  const Executor executor_;
  const std::shared_ptr<ServerShared> shared_;
  Listener local_;
  std::optional<Listener> tcp_;
  bool accepting_tcp_ = false;  // a task of its own accepts TCP connections
  const std::optional<gid_t> admin_group_;
};

Task<void> LocalHttpServer::serve() {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() == asio::cancellation_type::none)  // a reset would forget an earlier cancellation
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await asio::this_coro::throw_if_cancelled(false);
  if (tcp_) accept_tcp();
  co_await accept_until_closed(local_);
  close_listener();
  co_await sessions_ended();
}

Task<void> LocalHttpServer::accept_until_closed(Listener& listener) {
  while (listener.is_open()) {
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) co_return;
    auto [error, socket] = co_await listener.acceptor().async_accept(as_tuple_task);
    if (!error) {
      admit(std::move(socket), listener.tcp_port() != 0);
    } else if (error != asio::error::operation_aborted && error != asio::error::connection_aborted) {
      // Out of descriptors or memory: the connection stays in the backlog, and accepting again at once would only spin.
      Timer pause(executor_, kAcceptPause);
      co_await pause.async_wait(as_tuple_task);
    }
  }
}

// Accepts TCP connections beside the Unix socket until close_listener() has closed both. serve() waits for that end.
void LocalHttpServer::accept_tcp() {
  accepting_tcp_ = true;
  auto ended = [this](const std::exception_ptr& end) {
    expect_clean_end(end);
    accepting_tcp_ = false;
    shared_->drained.cancel();
  };
  asio::co_spawn(executor_, accept_until_closed(*tcp_), std::move(ended));
}

// Waits until all sessions have ended. Exchanges under way go on, unless the cancellation is or becomes terminal.
Task<void> LocalHttpServer::sessions_ended() {
  while (accepting_tcp_ || !shared_->sessions.empty()) {
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if ((cancelled & asio::cancellation_type::terminal) != asio::cancellation_type::none) cut_sessions();
    shared_->drained.expires_at(Timer::time_point::max());
    co_await shared_->drained.async_wait(as_tuple_task);
  }
}

void LocalHttpServer::close_listener() {
  local_.close();
  if (tcp_) tcp_->close();
  shared_->closing = true;
  for (const auto& session : shared_->sessions) session->close_if_idle();
}

void LocalHttpServer::cut_sessions() {
  const auto sessions = shared_->sessions;  // a copy, since cutting may end some at once
  for (const auto& session : sessions) session->cut();
}

void LocalHttpServer::admit(Session::Socket socket, bool tcp) {
  while (connections() >= shared_->limits.connections_max)  // more than one too many, if the limit was lowered
    if (!shared_->make_room()) return turn_away(std::move(socket));
  std::optional<Peer> peer;
  boost::system::error_code error;
  if (tcp) {
    socket.set_option(asio::ip::tcp::no_delay(true), error);
    socket.set_option(asio::socket_base::keep_alive(true), error);  // a waiting client may vanish without closing
  } else {
    peer = peer_of(socket.native_handle(), admin_group_);
    if (!peer) return;
  }
  socket.non_blocking(true, error);
  if (error) return;
  const auto session = std::make_shared<Session>(shared_, std::move(socket), peer);
  shared_->sessions.insert(session);
  auto ended = [shared = shared_, session](const std::exception_ptr& end) {
    expect_clean_end(end);
    shared->sessions.erase(session);
    if (session->evicted()) --shared->evicted;
    if (shared->sessions.empty()) shared->drained.cancel();
  };
  asio::co_spawn(executor_, Session::run(session),
                 asio::bind_cancellation_slot(session->cancellation_slot(), std::move(ended)));
}

// Answers a connection over connections_max with 503 and closes it, because a client left in the backlog can't know why
// nothing happens.
void LocalHttpServer::turn_away(Session::Socket socket) {
  auto [head, body] = shared_->render(503, "too_many_connections", "the server has all the connections it may have");
  head.headers.emplace_back("Retry-After", "1");
  const auto text = render_head(head, std::ssize(body), shared_->date.now(), true) + body;
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
}

core::Result<Listener> listen_locally(Executor executor, const HttpServerConfig& config) {
  if (config.passed_socket) return Listener::adopt_unix(executor, *config.passed_socket);
  const auto group = find_group(config.socket_group);
  if (!group) return group.error();
  return Listener::open_unix(executor, config.socket_path, config.socket_mode, *group);
}

}  // namespace

core::Result<std::unique_ptr<HttpServer>> make_http_server(Executor executor, HttpServerConfig config,
                                                           HttpServer::Handler handler,
                                                           HttpServer::RenderError render) {
  if (!config.allow_mapped_uids) {
    if (auto identity = require_identity_uid_map(); !identity) return identity.error();
  }
  const auto admin_group = find_group(config.admin_group);
  if (!admin_group) return admin_group.error();
  auto local = listen_locally(executor, config);
  if (!local) return local.error();
  std::optional<Listener> tcp;
  if (!config.listen.empty()) {
    auto opened = Listener::open_tcp(executor, config.listen);
    if (!opened) return opened.error();
    tcp.emplace(std::move(*opened));
  }
  auto shared = std::make_shared<ServerShared>(executor, std::move(config), std::move(handler), std::move(render));
  return std::unique_ptr<HttpServer>(
      std::make_unique<LocalHttpServer>(executor, std::move(shared), std::move(*local), std::move(tcp), *admin_group));
}

}  // namespace batchd::daemon
