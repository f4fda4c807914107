#include "emulator/server/stream_writer.h"

#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstdio>

namespace batchd::emulator {
namespace {

namespace http = boost::beast::http;

// Clients recognise an error by its being alone in one read; the provider's pauses have the same effect.
constexpr auto kPause = std::chrono::milliseconds(20);

std::string framed(const std::string& piece) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
  return size + piece + "\r\n";
}

}  // namespace

Task<void> write_stream(boost::beast::tcp_stream& stream, const Response& response, bool keep_alive) {
  http::response<http::empty_body> message;
  message.result(static_cast<unsigned>(response.status));
  message.set(http::field::server, "gemini-emulator");
  message.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keep_alive);
  message.chunked(true);
  http::response_serializer<http::empty_body> serializer(message);
  co_await http::async_write_header(stream, serializer, asio::use_awaitable);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (const auto& piece : response.pieces) {
    const auto bytes = framed(piece);
    co_await asio::async_write(stream, asio::buffer(bytes), asio::use_awaitable);
    timer.expires_after(kPause);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_await asio::async_write(stream, asio::buffer("0\r\n\r\n", 5), asio::use_awaitable);
}

}  // namespace batchd::emulator
