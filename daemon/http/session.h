// One connection, which serves its requests one after the other. A Session is also the Exchange that the handler sees,
// because there is never more than one under way on a connection.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/http/buffer.h"
#include "daemon/http/chunks.h"
#include "daemon/http/head.h"
#include "daemon/http/http_server.h"
#include "daemon/http/shared.h"
#include "daemon/net/io_timeout.h"

namespace batchd::daemon {

class Session final : public Exchange {
 public:
  using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;

  // `peer` is the caller on a Unix socket. It is nullopt for TCP, where each request carries its caller's credentials.
  Session(std::shared_ptr<ServerShared> shared, Socket socket, const std::optional<Peer>& peer);

  // Serves the connection to its end.
  static Task<void> run(std::shared_ptr<Session> self);
  asio::cancellation_slot cancellation_slot() { return stop_.slot(); }
  void close_if_idle();  // between two requests
  void cut();            // at once, whatever is under way
  void evict();          // to make room; only while it is in ServerShared::idle
  bool evicted() const { return evicted_; }
  bool has_unread_input() const;

  const Peer& peer() const override { return peer_; }
  const RequestHead& head() const override { return request_.head; }
  bool still_known() const override { return !shared_->config.still_known || shared_->config.still_known(peer_); }
  Task<core::Result<std::string>> read_body() override;
  void allow_body(std::int64_t bytes_max) override { body_bytes_max_ = bytes_max; }
  Task<void> hung_up() override;
  Task<bool> interim() override;
  Task<bool> reply(ReplyHead head, std::string body) override;
  Task<bool> begin_reply(ReplyHead head, std::int64_t body_bytes) override;
  Task<bool> write(std::string_view bytes) override;
  Task<bool> writable() override;
  Task<bool> begin_stream(ReplyHead head) override;
  Task<bool> end_stream() override;
  void after_answer(std::function<void(bool taken)> told) override { after_answer_ = std::move(told); }

 private:
  enum class Read : std::uint8_t { some, ended, late };
  Task<bool> read_request();
  Task<bool> read_head(std::size_t& bytes);
  Task<bool> read_first_bytes();
  Task<bool> serve_request();
  Task<void> handle();
  Task<bool> finish_exchange();
  Task<Read> receive(char* data, std::size_t capacity, std::size_t& received);
  Task<core::Result<std::string>> receive_body_piece();
  Task<core::Result<std::string>> receive_chunked_piece();
  void earn(std::int64_t body_bytes);
  Task<core::Result<void>> body_ready();
  Task<core::Result<std::size_t>> receive_body_bytes(char* data, std::size_t capacity);
  Task<bool> send(std::string_view first, std::string_view second = {});
  Task<bool> send_piece(std::string_view piece);
  Task<void> refuse(const BadHead& refusal);
  Task<void> linger();
  // Finding out what became of an answer, for after_answer() (parting.cpp).
  Task<void> part();
  Task<bool> await_client_end();
  enum class Look : std::uint8_t { unread, taken, lost };
  Look look_at_answer();
  void tell(bool taken);
  void tell_before_closing();
  std::optional<BadHead> identify();
  Peer stranger();  // an unknown TCP client
  void enter_idle();
  void leave_idle();
  bool must_close() const;
  bool has_body(int status) const { return request_.head.method != "HEAD" && status != 204 && status != 304; }
  bool body_pending() const { return request_.head.chunked ? !chunks_.finished() : body_rest_ > 0; }

  const std::shared_ptr<ServerShared> shared_;
  Socket socket_;
  const bool remote_;  // true for TCP
  Peer peer_;
  IoTimeout deadline_;
  asio::cancellation_signal stop_;
  ReceiveBuffer buffer_;
  std::list<Session*> place_{this};  // holds our node while it isn't in ServerShared::idle
  const std::list<Session*>::iterator own_place_ = place_.begin();
  bool evicted_ = false;
  bool between_requests_ = false;
  bool first_ = true;
  std::function<void(bool taken)> after_answer_;  // for the last answer, until it is known what became of it

  // The exchange under way.
  ParsedHead request_;
  ChunkDecoder chunks_;
  std::int64_t body_bytes_max_ = 0;
  std::int64_t body_rest_ = 0;                         // bytes of the Content-Length not yet handed out
  std::chrono::steady_clock::duration body_credit_{};  // for how long the client may still have us wait for more
  bool body_broken_ = false;
  bool continued_ = false;  // the interim answer has been sent
  bool replied_ = false;
  bool reply_failed_ = false;
  bool reply_closes_ = false;
  bool reply_has_body_ = true;
  bool reply_streams_ = false;  // an answer of unknown length that isn't ended yet
  std::int64_t reply_rest_ = 0;
};

}  // namespace batchd::daemon
