#include "emulator/server/http_server.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <optional>

#include "emulator/server/stream_writer.h"
#include "emulator/server/wire_faults.h"

namespace batchd::emulator {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::use_awaitable;
using asio::ip::tcp;

constexpr auto kIdleLimit = std::chrono::minutes(10);
constexpr std::size_t kBlobPieceBytes = 64 << 10;

using Parser = http::request_parser<http::buffer_body>;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Request to_request(const Parser& parser) {
  const auto& message = parser.get();
  Request request;
  request.method = message.method_string();
  set_target(request, message.target());
  for (const auto& field : message) request.headers[lower(field.name_string())] = field.value();
  if (const auto length = parser.content_length()) request.content_length = *length;
  return request;
}

// Sends "100 Continue" to clients that wait for it (as curl does for bodies over 1 MiB), then reads the body in pieces.
class WireBody : public BodySource {
 public:
  WireBody(beast::tcp_stream& stream, beast::flat_buffer& buffer, Parser& parser, bool expects_continue)
      : stream_(stream), buffer_(buffer), parser_(parser), expects_continue_(expects_continue) {}

  Task<std::size_t> read(std::span<char> out) override {
    if (parser_.is_done()) co_return 0;
    if (expects_continue_) {
      expects_continue_ = false;
      co_await asio::async_write(stream_, asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), use_awaitable);
    }
    auto& body = parser_.get().body();
    body.data = out.data();
    body.size = out.size();
    // Returns available bytes at once: a client that pauses mustn't hold back what it has sent.
    while (body.size == out.size() && !parser_.is_done()) {
      stream_.expires_after(kIdleLimit);
      auto [error, bytes] = co_await http::async_read_some(stream_, buffer_, parser_, asio::as_tuple(use_awaitable));
      if (error && error != http::error::need_buffer) throw boost::system::system_error(error);
    }
    const auto got = out.size() - body.size;
    total_ += got;
    if (total_ > HttpServer::kBodyBytesMax) throw boost::system::system_error(http::error::body_limit);
    co_return got;
  }

  // A client that still waits for "100 Continue" won't send the body: the connection can't be used again.
  bool abandoned() const { return expects_continue_ && !parser_.is_done(); }

 private:
  beast::tcp_stream& stream_;
  beast::flat_buffer& buffer_;
  Parser& parser_;
  bool expects_continue_;
  std::uint64_t total_ = 0;
};

Task<void> drain(WireBody& body) {
  std::array<char, 16 << 10> scratch;
  const std::span<char> out(scratch);
  while (co_await body.read(out) > 0) {
  }
}

template <class Message>
void set_head(Message& message, const Response& response, bool keep_alive) {
  message.result(static_cast<unsigned>(response.status));
  message.set(http::field::server, "gemini-emulator");
  if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keep_alive);
}

Task<void> write_text(beast::tcp_stream& stream, const Response& response, bool keep_alive) {
  http::response<http::string_body> message;
  set_head(message, response, keep_alive);
  message.body() = response.body;
  message.content_length(response.body.size());
  co_await http::async_write(stream, message, use_awaitable);
}

Task<void> write_blob(beast::tcp_stream& stream, const Response& response, bool keep_alive) {
  const auto bytes = response.blob->size();
  http::response<http::empty_body> message;
  set_head(message, response, keep_alive);
  message.content_length(bytes);
  http::response_serializer<http::empty_body> serializer(message);
  co_await http::async_write_header(stream, serializer, use_awaitable);
  std::string piece(kBlobPieceBytes, '\0');
  for (std::uint64_t at = 0; at < bytes;) {
    const auto wanted = std::min<std::uint64_t>(piece.size(), bytes - at);
    const auto got = response.blob->read(at, std::span(piece).first(wanted));
    stream.expires_after(kIdleLimit);
    co_await asio::async_write(stream, asio::buffer(piece.data(), got), use_awaitable);
    at += got;
  }
}

void reset(beast::tcp_stream& stream) {
  boost::system::error_code ignored;
  stream.socket().set_option(asio::socket_base::linger(true, 0), ignored);
  stream.socket().close(ignored);
}

void close(beast::tcp_stream& stream) {
  boost::system::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream.socket().close(ignored);
}

Task<void> hold(double seconds) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds)));
  co_await timer.async_wait(use_awaitable);
}

// Wire faults apply to bodies, not to streams.
Response in_one_piece(Response response) {
  for (const auto& piece : response.pieces) response.body += piece;
  response.pieces.clear();
  return response;
}

// Returns false if the connection is over.
Task<bool> finish(beast::tcp_stream& stream, const HandledCall& outcome, bool keep_alive) {
  switch (outcome.ending) {
    case HandledCall::Ending::answer:
      break;
    case HandledCall::Ending::reset:
      reset(stream);
      co_return false;
    case HandledCall::Ending::close:
      co_return false;
    case HandledCall::Ending::hold:
    case HandledCall::Ending::reset_after_hold:
      stream.expires_never();
      co_await hold(outcome.hold_seconds);
      if (outcome.ending == HandledCall::Ending::reset_after_hold) reset(stream);
      co_return false;
    case HandledCall::Ending::wrong_answer: {
      const auto whole = in_one_piece(outcome.response);
      co_await write_wrongly(stream, *outcome.wire, whole);
    }
      co_return false;
  }
  stream.expires_after(kIdleLimit);
  if (!outcome.response.pieces.empty()) {
    co_await write_stream(stream, outcome.response, keep_alive);
  } else if (outcome.response.blob) {
    co_await write_blob(stream, outcome.response, keep_alive);
  } else {
    co_await write_text(stream, outcome.response, keep_alive);
  }
  co_return keep_alive;
}

// Returns nullopt if the connection is gone and no answer can be sent.
std::optional<Response> parse_refusal(const boost::system::error_code& error) {
  if (error == http::error::header_limit) return plain_text(431, "Request header fields too large.\n");
  const auto& parsing = http::make_error_code(http::error::bad_method).category();
  const bool ended = error == http::error::end_of_stream || error == http::error::partial_message;
  if (error.category() != parsing || ended) return std::nullopt;
  return plain_text(400, "Bad request.\n");
}

// Serves one request. Returns false if the connection is over.
Task<bool> serve_one(beast::tcp_stream& stream, beast::flat_buffer& buffer, Application& application) {
  Parser parser;
  parser.header_limit(HttpServer::kHeaderBytesMax);
  parser.body_limit(boost::none);
  stream.expires_after(kIdleLimit);
  auto [error, bytes] = co_await http::async_read_header(stream, buffer, parser, asio::as_tuple(use_awaitable));
  if (error) {
    if (auto refusal = parse_refusal(error)) co_await write_text(stream, *refusal, false);
    co_return false;
  }

  const auto request = to_request(parser);
  if (request.content_length > HttpServer::kBodyBytesMax) {
    const auto refusal = plain_text(413, "Request entity too large.\n");
    co_await write_text(stream, refusal, false);
    co_return false;
  }
  WireBody body(stream, buffer, parser, lower(request.header("expect")) == "100-continue");
  stream.expires_never();
  const auto outcome = co_await application.handle(request, body);
  const bool answers =
      outcome.ending == HandledCall::Ending::answer || outcome.ending == HandledCall::Ending::wrong_answer;
  const bool keep_alive = parser.get().keep_alive() && !body.abandoned();
  if (answers && !body.abandoned()) co_await drain(body);
  const bool goes_on = co_await finish(stream, outcome, keep_alive);
  if (outcome.then) {
    close(stream);
    co_await outcome.then();
  }
  co_return goes_on && !outcome.then;
}

// Returns false if the connection is over before its first call.
Task<bool> greet(beast::tcp_stream& stream, Application& application) {
  const auto fault = application.accepted();
  if (!fault) co_return true;
  if (fault->action == Do::mute) co_await hold(fault->seconds);
  reset(stream);
  co_return false;
}

Task<void> serve(tcp::socket socket, Application& application) {
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer buffer;
  try {
    bool goes_on = co_await greet(stream, application);
    while (goes_on) goes_on = co_await serve_one(stream, buffer, application);
    boost::system::error_code ignored;
    if (stream.socket().is_open()) stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  } catch (const boost::system::system_error&) {
    // The peer went away, or the server is stopping: no answer can be sent.
  }
}

}  // namespace

HttpServer::HttpServer(Tasks& tasks, Application& application, std::uint16_t port)
    : tasks_(tasks),
      application_(application),
      acceptor_(tasks.context(), tcp::endpoint(asio::ip::address_v4::loopback(), port)),
      port_(acceptor_.local_endpoint().port()) {}

void HttpServer::start() { tasks_.spawn(accept_loop()); }

void HttpServer::stop() { acceptor_.close(); }

Task<void> HttpServer::accept_loop() {
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(use_awaitable));
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
    if (error) {
      co_await hold(0.05);  // out of descriptors: let some connections end
      continue;
    }
    socket.set_option(tcp::no_delay(true));
    tasks_.spawn(serve(std::move(socket), application_));
  }
}

}  // namespace batchd::emulator
