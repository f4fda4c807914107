// A server on its own thread, with a handler that shows what it was given.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "daemon/http/http_server.h"
#include "tests/daemon/http/raw_socket.h"

namespace batchd::daemon::test {

inline std::string temp_folder() {
  std::string name = "/tmp/batchd-net-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  ::chmod(name.c_str(), 0755);
  return name;
}

inline HttpServerConfig test_config(const std::string& folder) {
  HttpServerConfig config;
  config.socket_path = folder + "/s.sock";
  config.allow_mapped_uids = true;
  config.body_bytes_max = 1 << 20;
  config.connections.connections_max = 64;
  config.header_timeout = core::Duration(20'000);
  config.idle_timeout = core::Duration(20'000);
  config.write_timeout = core::Duration(20'000);
  return config;
}

// Not written inside a co_await: g++ 12 can't keep the array of an initializer list there.
inline ReplyHead text_head(int status) { return {status, "text/plain", {}}; }

inline std::pair<ReplyHead, std::string> render_test_error(int status, std::string_view code, std::string_view) {
  return {text_head(status), std::string(code)};
}

class TestServer {
 public:
  explicit TestServer(HttpServerConfig config) : path_(config.socket_path) {
    auto made = make_http_server(
        context_.get_executor(), std::move(config), [this](Exchange& e) { return handle(e); }, render_test_error);
    if (!made) throw std::runtime_error(made.error().detail);
    server_ = std::move(*made);
    served_ = served_promise_.get_future();
    asio::co_spawn(context_, server_->serve(), asio::bind_cancellation_slot(stop_.slot(), [this](std::exception_ptr) {
                     served_promise_.set_value();
                   }));
    thread_ = std::thread([this] {
      while (context_.run_one() > 0) ++turns_;
    });
  }
  ~TestServer() {
    cancel(asio::cancellation_type::terminal);
    thread_.join();
  }

  RawSocket connect() const { return RawSocket::unix_client(path_); }
  RawSocket connect_tcp() const { return RawSocket::tcp_client(server_->tcp_port()); }
  std::uint16_t tcp_port() const { return server_->tcp_port(); }
  void cancel(asio::cancellation_type type) {
    asio::post(context_, [this, type] { stop_.emit(type); });
  }
  void limit(ConnectionLimits limits) {
    asio::post(context_, asio::use_future([this, limits] { server_->limit_connections(limits); })).get();
  }
  void close_listener() {
    asio::post(context_, [this] { server_->close_listener(); });
  }
  bool served() { return served_.wait_for(std::chrono::seconds(kPatienceSeconds)) == std::future_status::ready; }
  int ask(int (HttpServer::*number)() const) {
    return asio::post(context_, asio::use_future([this, number] { return (server_.get()->*number)(); })).get();
  }
  // Whether `number` becomes `value`.
  bool becomes(int (HttpServer::*number)() const, int value) {
    for (int i = 0; i < kPatienceSeconds * 200; ++i) {
      if (ask(number) == value) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }
  // Whether the server comes to rest: in a row of turns that are asked for nothing runs that wasn't.
  bool rests() {
    constexpr std::int64_t kAsked = 50;
    const auto turn = [this] { return asio::post(context_, asio::use_future([this] { return turns_; })).get(); };
    for (int i = 0; i < kPatienceSeconds * 200; ++i) {
      const auto first = turn();
      auto last = first;
      for (std::int64_t asked = 0; asked < kAsked; ++asked) last = turn();
      if (last - first == kAsked) return true;
    }
    return false;
  }
  // Runs `meanwhile` here while the server does nothing; what happens to it then comes to it all at once.
  template <class Meanwhile>
  void stall(Meanwhile meanwhile) {
    std::promise<void> stalled, over;
    asio::post(context_, [&] {
      stalled.set_value();
      over.get_future().wait();
    });
    stalled.get_future().wait();
    meanwhile();
    over.set_value();
    ask(&HttpServer::connections);  // the promises live here
  }
  std::future<std::string> next_event() {
    events_ = {};
    return events_.get_future();
  }

 private:
  Task<void> handle(Exchange& exchange);
  Task<void> echo(Exchange& exchange);

  asio::io_context context_{1};
  std::int64_t turns_ = 0;  // of the loop, on its thread
  std::string path_;
  std::unique_ptr<HttpServer> server_;
  asio::cancellation_signal stop_;
  std::promise<void> served_promise_;
  std::future<void> served_;
  std::promise<std::string> events_;
  std::thread thread_;
};

inline Task<void> TestServer::echo(Exchange& exchange) {
  std::string body;
  for (;;) {
    auto piece = co_await exchange.read_body();
    if (!piece) {
      const int status = piece.error().code == core::Errc::too_large ? 413 : 400;
      co_await exchange.reply(text_head(status), std::string(to_text(piece.error().code)));
      co_return;
    }
    if (piece->empty()) break;
    body += *piece;
  }
  co_await exchange.reply(text_head(200), std::move(body));
}

inline Task<void> TestServer::handle(Exchange& exchange) {
  const auto& path = exchange.head().path;
  if (path == "/echo") {
    co_await echo(exchange);
  } else if (path == "/path") {
    co_await exchange.reply(text_head(200), std::string(exchange.head().query_value("q").value_or("none")));
  } else if (path == "/peer") {
    const auto& peer = exchange.peer();
    co_await exchange.reply(text_head(200), std::to_string(peer.owner.value()) + (peer.admin ? " admin" : " user") +
                                                (peer.known ? "" : " unknown"));
  } else if (path == "/later") {
    Timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(100));
    co_await timer.async_wait(as_tuple_task);
    co_await exchange.reply(text_head(200), "later");
  } else if (path == "/hold") {
    events_.set_value("held");
    co_await exchange.hung_up();
    events_ = {};
  } else if (path == "/wait") {
    co_await exchange.hung_up();
  } else if (path == "/asked") {  // what became of the answer is the next event
    const bool sent = co_await exchange.reply(text_head(200), "asked");
    if (!sent) co_return;
    exchange.after_answer([this](bool taken) { events_.set_value(taken ? "taken" : "lost"); });
  } else if (path == "/interim") {
    for (int i = 0; i < 3; ++i) {
      const bool there = co_await exchange.interim();
      if (there) continue;
      events_.set_value("gone");
      co_return;
    }
    co_await exchange.reply(text_head(200), "at last");
  } else if (path == "/bulk") {
    exchange.allow_body(4 << 20);
    co_await echo(exchange);
  } else if (path == "/endless") {
    if (!co_await exchange.begin_stream(text_head(200))) co_return;
    for (const std::string_view piece : {"one ", "", "two ", "three"})
      if (!co_await exchange.write(piece)) co_return;
    if (!exchange.head().query_value("cut")) co_await exchange.end_stream();
  } else if (path == "/stream") {
    const auto bytes = std::stoll(std::string(*exchange.head().query_value("bytes")));
    const auto sent = std::stoll(std::string(*exchange.head().query_value("sent")));
    const std::string piece(65536, 's');
    if (!co_await exchange.begin_reply(text_head(200), bytes)) co_return;
    for (auto rest = sent; rest > 0; rest -= std::ssize(piece)) {
      const auto take = static_cast<std::size_t>(std::min<std::int64_t>(rest, std::ssize(piece)));
      if (!co_await exchange.write(std::string_view(piece).substr(0, take))) co_return;
    }
  } else if (path == "/throw") {
    throw boost::system::system_error(asio::error::operation_aborted);
  } else if (path == "/big") {
    co_await exchange.reply(text_head(200), std::string(8 << 20, 'b'));
  } else {
    auto odd = text_head(404);
    odd.headers.emplace_back("X-Odd", "a\r\nX-Injected: b");
    co_await exchange.reply(std::move(odd), "no");
  }
}

// A server with a socket of its own in a folder of its own. Set config_ up, then start().
class HttpServerFixture : public testing::Test {
 protected:
  void start() { server_.emplace(config_); }
  void TearDown() override {
    server_.reset();
    ::unlink(config_.socket_path.c_str());
    ::rmdir(folder_.c_str());
  }
  // One that doesn't run.
  core::Result<std::unique_ptr<HttpServer>> make() {
    const auto handler = [](Exchange&) -> Task<void> { co_return; };
    return make_http_server(context_.get_executor(), config_, handler, render_test_error);
  }
  // The whole answer to one request on a connection of its own.
  static std::string ask(RawSocket client, std::string_view request) {
    client.send(request);
    return client.read_answer();
  }

  asio::io_context context_{1};
  std::string folder_ = temp_folder();
  HttpServerConfig config_ = test_config(folder_);
  std::optional<TestServer> server_;
};

inline bool has_status(const std::string& answer, int status) {
  return answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

}  // namespace batchd::daemon::test
