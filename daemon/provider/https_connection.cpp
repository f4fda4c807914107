#include "daemon/provider/https_connection.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

namespace batchd::daemon {
namespace {

using Tcp = Connection::Tcp;
using Instant = Connection::Instant;
using boost::system::error_code;
using Resolver = asio::ip::basic_resolver<Tcp, Executor>;

// getaddrinfo can't be interrupted, so a lookup may outlive its call: the two share the ownership of this.
struct Lookup {
  explicit Lookup(Executor executor) : resolver(executor), done(executor) {}
  Resolver resolver;
  Timer done;  // cancelled when the lookup has its answer
  bool answered = false;
  error_code error;
  std::vector<Tcp::endpoint> endpoints;
};

std::shared_ptr<Lookup> start_lookup(Executor executor, const std::string& host, const std::string& port) {
  auto lookup = std::make_shared<Lookup>(executor);
  lookup->resolver.async_resolve(host, port, [lookup](error_code error, const Resolver::results_type& results) {
    lookup->answered = true;
    lookup->error = error;
    for (const auto& result : results) lookup->endpoints.push_back(result.endpoint());
    lookup->done.cancel();
  });
  return lookup;
}

}  // namespace

std::string Connection::Io::text(std::string_view doing) const {
  return std::string(doing) + (timed_out ? ": timed out" : ": " + error.message());
}

Connection::Connection(Executor executor, const BaseUrl& url, asio::ssl::context* tls)
    : url_(url), socket_(executor), deadline_(executor, [this] { expire(); }) {
  if (tls) tls_.emplace(socket_, *tls);
}

void Connection::expire() {
  // Close instead of cancel: TLS turns one operation into several reads and writes, and a cancel can fall between two.
  if (on_expiry_ == OnExpiry::close) return abort();
  ::shutdown(socket_.native_handle(), SHUT_WR);
}

void Connection::close() {
  error_code ignored;
  socket_.close(ignored);
}

void Connection::abort() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

Connection::Io Connection::outcome(error_code error, std::size_t bytes) {
  Io io{error, bytes, deadline_.expired(), error == asio::error::eof};
  deadline_.disarm();
  return io;
}

Task<std::string> Connection::resolve(Instant until, std::vector<Tcp::endpoint>& endpoints) {
  error_code error;
  const auto literal = asio::ip::make_address(url_.host, error);
  if (!error) {
    endpoints.emplace_back(literal, static_cast<std::uint16_t>(std::stoi(url_.port)));
    co_return std::string();
  }
  const auto lookup = start_lookup(socket_.get_executor(), url_.host, url_.port);
  lookup->done.expires_at(until);
  co_await lookup->done.async_wait(as_tuple_task);
  if (!lookup->answered) co_return "resolve: no answer in time";
  if (lookup->error) co_return "resolve: " + lookup->error.message();
  // A name can resolve to any address; without TLS only this machine is trusted.
  const auto foreign = [](const Tcp::endpoint& endpoint) { return !endpoint.address().is_loopback(); };
  if (!url_.tls && std::ranges::any_of(lookup->endpoints, foreign))
    co_return "resolve: plain http, and the name isn't a loopback address";
  endpoints = std::move(lookup->endpoints);
  co_return std::string();
}

Task<std::string> Connection::connect(core::Duration timeout) {
  const Instant until = std::chrono::steady_clock::now() + timeout;
  std::vector<Tcp::endpoint> endpoints;
  auto why = co_await resolve(until, endpoints);
  if (!why.empty()) co_return why;
  why = "connect: no address";
  on_expiry_ = OnExpiry::close;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return "connect: cancelled";
    // One address that does not answer must not use up the time of the others.
    const auto now = std::chrono::steady_clock::now();
    deadline_.arm(now + (until - now) / static_cast<int>(endpoints.size() - i));
    close();
    const auto [error] = co_await socket_.async_connect(endpoints[i], as_tuple_task);
    const auto io = outcome(error, 0);
    if (io.error || io.timed_out) {
      why = io.text("connect");
      continue;
    }
    error_code ignored;
    socket_.set_option(Tcp::no_delay(true), ignored);
    if (tls_) co_return co_await handshake(until);
    co_return std::string();
  }
  co_return why;
}

Task<std::string> Connection::handshake(Instant until) {
  error_code no_literal;
  asio::ip::make_address(url_.host, no_literal);
  if (no_literal) {  // does what the macro SSL_set_tlsext_host_name does, without its C cast
    std::string name = url_.host;
    SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  }
  error_code error;
  tls_->set_verify_callback(asio::ssl::host_name_verification(url_.host), error);
  if (error) co_return "tls: " + error.message();
  deadline_.arm(until);
  const auto [failure] = co_await tls_->async_handshake(asio::ssl::stream_base::client, as_tuple_task);
  const auto io = outcome(failure, 0);
  co_return io.error || io.timed_out ? io.text("tls") : std::string();
}

Task<Connection::Io> Connection::write(std::string_view bytes, core::Duration timeout) {
  on_expiry_ = OnExpiry::stop_writing;
  deadline_.arm(timeout);
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  if (tls_) {
    const auto [error, written] = co_await asio::async_write(*tls_, buffer, as_tuple_task);
    co_return outcome(error, written);
  }
  const auto [error, written] = co_await asio::async_write(socket_, buffer, as_tuple_task);
  co_return outcome(error, written);
}

Task<Connection::Io> Connection::read_some(char* data, std::size_t capacity, Instant until) {
  on_expiry_ = OnExpiry::close;
  deadline_.arm(until);
  const auto buffer = asio::buffer(data, capacity);
  if (tls_) {
    const auto [error, read] = co_await tls_->async_read_some(buffer, as_tuple_task);
    co_return outcome(error, read);
  }
  const auto [error, read] = co_await socket_.async_read_some(buffer, as_tuple_task);
  co_return outcome(error, read);
}

void Connection::mark_idle() {
  idle_since_ = std::chrono::steady_clock::now();
  deadline_.stop();
}

bool Connection::still_quiet() {
  char byte = 0;
  const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace batchd::daemon
