// One connection: its requests one after the other. At the same time the Exchange that the handler sees, because there
// is never more than one under way.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "daemon/http_server.h"
#include "daemon/http_server_head.h"
#include "daemon/http_server_reply.h"
#include "daemon/net_deadline.h"

namespace batchd::daemon {

class Session;

// What all sessions of a server share. Outlives them.
struct ServerShared {
  ServerShared(Executor executor, HttpServerConfig config_, HttpServer::Handler handler_,
               HttpServer::RenderError render_)
      : config(std::move(config_)), handler(std::move(handler_)), render(std::move(render_)), drained(executor) {}
  const HttpServerConfig config;
  const HttpServer::Handler handler;
  const HttpServer::RenderError render;
  DateText date;
  bool closing = false;  // no further request on any connection
  int under_way = 0;     // exchanges
  std::unordered_set<std::shared_ptr<Session>> sessions;
  Timer drained;  // cancelled when the last session has ended
};

// Received and not yet used bytes. Holds no memory after release().
class ReceiveBuffer {
 public:
  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  // Room behind the unused bytes, at least one byte as long as they are fewer than kHeaderBytesMax.
  std::pair<char*, std::size_t> room();
  void commit(std::size_t bytes) { end_ += bytes; }
  void release();  // if empty

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class Session final : public Exchange {
 public:
  using Socket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;

  Session(std::shared_ptr<ServerShared> shared, Socket socket, const Peer& peer);

  // Serves the connection to its end.
  static Task<void> run(std::shared_ptr<Session> self);
  asio::cancellation_slot cancellation_slot() { return stop_.slot(); }
  void close_if_idle();  // between two requests
  void cut();            // at once, whatever is under way

  const Peer& peer() const override { return peer_; }
  const RequestHead& head() const override { return request_.head; }
  Task<core::Result<std::string>> read_body() override;
  void allow_body(std::int64_t bytes_max) override { body_bytes_max_ = bytes_max; }
  Task<void> hung_up() override;
  Task<bool> reply(ReplyHead head, std::string body) override;
  Task<bool> begin_reply(ReplyHead head, std::int64_t body_bytes) override;
  Task<bool> write(std::string_view bytes) override;
  Task<bool> begin_stream(ReplyHead head) override;
  Task<bool> end_stream() override;

 private:
  enum class Read : std::uint8_t { some, ended, late };
  Task<bool> read_request();
  Task<bool> read_first_bytes();
  Task<bool> serve_request();
  Task<void> handle();
  Task<bool> finish_exchange();
  Task<Read> receive(char* data, std::size_t capacity, std::size_t& received);
  Task<core::Result<std::string>> receive_body_piece();
  Task<bool> send(std::string_view first, std::string_view second = {});
  Task<bool> send_piece(std::string_view piece);
  Task<void> refuse(const Refusal& refusal);
  Task<void> linger();
  bool must_close() const;
  bool has_body(int status) const { return request_.head.method != "HEAD" && status != 204 && status != 304; }

  const std::shared_ptr<ServerShared> shared_;
  Socket socket_;
  const Peer peer_;
  Deadline deadline_;
  asio::cancellation_signal stop_;
  ReceiveBuffer buffer_;
  bool idle_ = false;
  bool first_ = true;

  // The exchange under way.
  ParsedHead request_;
  std::int64_t body_bytes_max_ = 0;
  std::int64_t body_rest_ = 0;  // not yet handed out
  std::chrono::steady_clock::duration body_waited_{};
  bool body_broken_ = false;
  bool continued_ = false;  // the interim answer has been sent
  bool replied_ = false;
  bool reply_failed_ = false;
  bool reply_closes_ = false;
  bool reply_has_body_ = true;
  bool reply_streams_ = false;  // of unknown length, and not ended
  std::int64_t reply_rest_ = 0;
};

}  // namespace batchd::daemon
