// HTTP/1.1 on one loopback port: one coroutine per connection, keep-alive, bodies streamed both ways.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>

#include "emulator/server/http.h"
#include "emulator/server/tasks.h"

namespace batchd::emulator {

class HttpServer {
 public:
  static constexpr std::uint64_t kBodyBytesMax = 2ULL << 30;  // larger bodies get 413
  static constexpr std::uint32_t kHeaderBytesMax = 64 << 10;

  // Binds and listens at once; throws boost::system::system_error (port taken).
  HttpServer(Tasks& tasks, Application& application, std::uint16_t port);

  std::uint16_t port() const { return port_; }
  void start();  // starts accepting
  void stop();   // stops accepting; open connections end with their Tasks

 private:
  Task<void> accept_loop();

  Tasks& tasks_;
  Application& application_;
  asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_;
};

}  // namespace batchd::emulator
