// The Exchange side of a session: bodies in, answers out.
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/check.h"
#include "daemon/http_server_session.h"

namespace batchd::daemon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kBodyPieceBytes = 64 << 10;
constexpr std::size_t kJoinBytesMax = 64 << 10;  // up to here head and body are copied together for one write
constexpr std::size_t kWriteBytes = 256 << 10;   // one piece of an answer, for write_timeout
constexpr std::chrono::seconds kRateGrace{10};

}  // namespace

Task<core::Result<std::string>> Session::read_body() {
  if (body_rest_ == 0) co_return std::string();
  if (request_.head.content_length > body_bytes_max_)
    co_return core::Error{core::Errc::too_large, "the body is over the limit"};
  co_return co_await receive_body_piece();
}

Task<core::Result<std::string>> Session::receive_body_piece() {
  if (body_broken_) co_return core::Error{core::Errc::invalid, "the body was cut off"};
  const auto wanted = static_cast<std::size_t>(std::min(body_rest_, kBodyPieceBytes));
  if (!buffer_.empty()) {
    std::string piece(buffer_.view().substr(0, wanted));
    buffer_.consume(piece.size());
    body_rest_ -= std::ssize(piece);
    co_return piece;
  }
  if (request_.expects_continue && !continued_) {
    continued_ = true;
    co_await send("HTTP/1.1 100 Continue\r\n\r\n");
  }
  // Only the time spent waiting for the client counts against it, not what the handler takes.
  const auto floor = shared_->config.body_rate_floor;
  const auto arrived = request_.head.content_length - body_rest_;
  const auto earned = std::chrono::seconds(floor > 0 ? arrived / floor : 0);
  const auto start = Clock::now();
  deadline_.arm(start + kRateGrace + earned - body_waited_);
  std::string piece(wanted, '\0');
  std::size_t received = 0;
  const auto read = co_await receive(piece.data(), wanted, received);
  deadline_.disarm();
  body_waited_ += Clock::now() - start;
  body_broken_ = read != Read::some;
  if (body_broken_)
    co_return core::Error{core::Errc::invalid,
                          read == Read::late ? "the body came too slowly" : "the body was cut off"};
  body_rest_ -= static_cast<std::int64_t>(received);
  piece.resize(received);
  co_return piece;
}

Task<void> Session::hung_up() {
  buffer_.release();
  deadline_.disarm();
  for (;;) {
    // Asio completes this for EPOLLERR and EPOLLHUP. Neither pending input nor a half-close is either of them, so a
    // client that has sent its next request, or will send no more, isn't mistaken for one that is gone.
    co_await socket_.async_wait(Socket::wait_error, use_task);
    pollfd state{socket_.native_handle(), 0, 0};
    if (::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0) co_return;
  }
}

Task<bool> Session::reply(ReplyHead head, std::string body) {
  CHECK(!replied_);
  replied_ = true;
  reply_closes_ = must_close();
  auto text = render_head(head, std::ssize(body), shared_->date.now(), reply_closes_);
  if (!has_body(head.status)) body.clear();
  bool sent = false;
  if (body.size() <= kJoinBytesMax) {
    text.append(body);
    sent = co_await send(text);
  } else {
    sent = co_await send(text, body);
  }
  reply_failed_ = !sent;
  co_return sent;
}

Task<bool> Session::begin_reply(ReplyHead head, std::int64_t body_bytes) {
  CHECK(!replied_ && body_bytes >= 0);
  replied_ = true;
  reply_closes_ = must_close();
  reply_has_body_ = has_body(head.status);
  reply_rest_ = body_bytes;
  const auto text = render_head(head, body_bytes, shared_->date.now(), reply_closes_);
  reply_failed_ = !co_await send(text);
  co_return !reply_failed_;
}

Task<bool> Session::write(std::string_view bytes) {
  CHECK(replied_ && (reply_streams_ || std::ssize(bytes) <= reply_rest_));
  if (reply_failed_) co_return false;
  if (reply_streams_) {
    if (bytes.empty() || !reply_has_body_) co_return true;  // an empty chunk would be the end
    std::array<char, 20> size{};
    const auto digits = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    std::string chunk(size.data(), static_cast<std::size_t>(digits));
    chunk.append(bytes).append("\r\n");
    reply_failed_ = !co_await send(chunk);
    co_return !reply_failed_;
  }
  reply_rest_ -= std::ssize(bytes);
  if (reply_has_body_) reply_failed_ = !co_await send(bytes);
  co_return !reply_failed_;
}

Task<bool> Session::begin_stream(ReplyHead head) {
  CHECK(!replied_);
  replied_ = reply_streams_ = true;
  reply_closes_ = must_close();
  reply_has_body_ = has_body(head.status);
  const auto text = render_head(head, std::nullopt, shared_->date.now(), reply_closes_);
  reply_failed_ = !co_await send(text);
  co_return !reply_failed_;
}

Task<bool> Session::end_stream() {
  CHECK(reply_streams_);
  if (reply_failed_) co_return false;
  reply_streams_ = false;
  if (reply_has_body_) reply_failed_ = !co_await send("0\r\n\r\n");
  co_return !reply_failed_;
}

Task<bool> Session::send(std::string_view first, std::string_view second) {
  for (auto part : {first, second}) {
    while (!part.empty()) {
      const auto piece = part.substr(0, kWriteBytes);
      if (!co_await send_piece(piece)) co_return false;
      part.remove_prefix(piece.size());
    }
  }
  co_return true;
}

Task<bool> Session::send_piece(std::string_view piece) {
  bool waiting = false;
  while (!piece.empty()) {
    // Most answers fit into the socket's buffer: written without a turn of the event loop.
    boost::system::error_code error;
    piece.remove_prefix(socket_.write_some(asio::buffer(piece.data(), piece.size()), error));
    if (!error) continue;
    if (error != asio::error::would_block) co_return false;
    if (!waiting) deadline_.arm(shared_->config.write_timeout);
    waiting = true;
    const auto [failure] = co_await socket_.async_wait(Socket::wait_write, as_tuple_task);
    if (failure) co_return false;
  }
  if (waiting) deadline_.disarm();
  co_return true;
}

}  // namespace batchd::daemon
