// The part of Session that sends answers and notices that the client hangs up.
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/check.h"
#include "daemon/http/session.h"

namespace batchd::daemon {
namespace {

constexpr std::size_t kJoinBytesMax = 64 << 10;  // a body up to this size is copied behind the head for one write
constexpr std::size_t kWriteBytes = 256 << 10;   // one piece of an answer, which write_timeout is for
constexpr std::chrono::milliseconds kLookAgain{1000};

}  // namespace

Task<void> Session::hung_up() {
  buffer_.release();
  deadline_.disarm();
  // Over TCP a client that is gone looks like one that has only half-closed until something is sent to it, so both
  // count as gone. Asio reports a half-close as something to read.
  const short gone = POLLHUP | POLLERR | (remote_ ? POLLRDHUP : 0);
  for (;;) {
    // On a Unix socket wait_error completes for EPOLLERR and EPOLLHUP. Pending input and a half-close are neither, so a
    // client that has sent its next request, or will send no more, isn't mistaken for one that is gone.
    const auto [error] = co_await socket_.async_wait(remote_ ? Socket::wait_read : Socket::wait_error, as_tuple_task);
    if (error) {  // closed by us counts as gone, too; but a cancelled wait must not report a hang-up
      const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
      if (cancelled != asio::cancellation_type::none) throw boost::system::system_error(error);
      co_return;
    }
    pollfd state{socket_.native_handle(), POLLRDHUP, 0};
    if (::poll(&state, 1, 0) > 0 && (state.revents & gone) != 0) co_return;
    // The client isn't gone: its next request is waiting, or urgent data, for which wait_error completes too. Don't
    // spin.
    Timer pause(socket_.get_executor(), kLookAgain);
    co_await pause.async_wait(use_task);
  }
}

Task<bool> Session::interim() {
  CHECK(!replied_);
  if (request_.old_client) co_return true;
  constexpr std::string_view kInterim = "HTTP/1.1 102 Processing\r\n\r\n";
  boost::system::error_code error;
  const auto sent = socket_.write_some(asio::buffer(kInterim.data(), kInterim.size()), error);
  if (error) co_return error == asio::error::would_block;  // a client that doesn't read needs no further one
  co_return co_await send(kInterim.substr(sent));
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
  if (!reply_streams_) reply_rest_ -= std::ssize(bytes);
  if (bytes.empty() || !reply_has_body_) co_return true;  // an empty chunk would end the answer
  if (reply_streams_ && !request_.old_client) {
    std::array<char, 20> size{};
    const auto digits = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    std::string chunk(size.data(), static_cast<std::size_t>(digits));
    chunk.append(bytes).append("\r\n");
    reply_failed_ = !co_await send(chunk);
  } else {
    reply_failed_ = !co_await send(bytes);
  }
  co_return !reply_failed_;
}

Task<bool> Session::writable() {
  if (reply_failed_) co_return false;
  pollfd state{socket_.native_handle(), POLLOUT, 0};
  if (::poll(&state, 1, 0) > 0) co_return true;
  buffer_.release();
  deadline_.arm(shared_->config.write_timeout);
  const auto [failure] = co_await socket_.async_wait(Socket::wait_write, as_tuple_task);
  deadline_.disarm();
  reply_failed_ = static_cast<bool>(failure);
  co_return !failure;
}

Task<bool> Session::begin_stream(ReplyHead head) {
  CHECK(!replied_);
  replied_ = reply_streams_ = true;
  reply_closes_ = must_close();
  reply_has_body_ = has_body(head.status);
  const auto length = request_.old_client ? kUntilClosed : kInChunks;
  const auto text = render_head(head, length, shared_->date.now(), reply_closes_);
  reply_failed_ = !co_await send(text);
  co_return !reply_failed_;
}

Task<bool> Session::end_stream() {
  CHECK(reply_streams_);
  if (reply_failed_) co_return false;
  reply_streams_ = false;
  if (reply_has_body_ && !request_.old_client) reply_failed_ = !co_await send("0\r\n\r\n");
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
    // Most answers fit into the socket's buffer and are written without waiting for the event loop.
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
