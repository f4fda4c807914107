// The part of Session that reads a request's body, of known length or in chunks.
#include <algorithm>

#include "daemon/http/session.h"

namespace batchd::daemon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kBodyPieceBytes = 64 << 10;
constexpr std::int64_t kDirectBytesMin = 8 << 10;  // from this size on, a chunk's data is read without the buffer

core::Error over_the_limit() { return {core::Errc::too_large, "the body is over the limit"}; }
core::Error cut_off() { return {core::Errc::invalid, "the body was cut off"}; }

}  // namespace

Task<core::Result<std::string>> Session::read_body() {
  if (!body_pending()) co_return std::string();
  if (request_.head.content_length > body_bytes_max_) co_return over_the_limit();
  co_return co_await receive_body_piece();
}

Task<core::Result<std::string>> Session::receive_body_piece() {
  if (body_broken_) co_return cut_off();
  if (request_.head.chunked) co_return co_await receive_chunked_piece();
  std::string piece;
  const auto wanted = static_cast<std::size_t>(std::min(body_rest_, kBodyPieceBytes));
  if (buffer_.empty()) {
    const auto ready = co_await body_ready();
    if (!ready) co_return ready.error();
  }
  if (!buffer_.empty()) {
    piece = buffer_.view().substr(0, wanted);
    buffer_.consume(piece.size());
  } else {
    piece.resize(wanted);
    const auto received = co_await receive_body_bytes(piece.data(), piece.size());
    if (!received) co_return received.error();
    piece.resize(*received);
  }
  body_rest_ -= std::ssize(piece);
  earn(std::ssize(piece));
  co_return piece;
}

// The limit counts all bytes that the client sends, not only the data: a body could consist of chunk extensions.
Task<core::Result<std::string>> Session::receive_chunked_piece() {
  std::string piece;
  while (piece.empty() && !chunks_.finished()) {
    if (chunks_.wire_bytes() > body_bytes_max_) co_return over_the_limit();
    if (buffer_.empty()) {
      const auto ready = co_await body_ready();
      if (!ready) co_return ready.error();
    }
    if (buffer_.empty() && chunks_.data_rest() >= kDirectBytesMin) {
      piece.resize(static_cast<std::size_t>(std::min(chunks_.data_rest(), kBodyPieceBytes)));
      const auto received = co_await receive_body_bytes(piece.data(), piece.size());
      if (!received) co_return received.error();
      piece.resize(*received);
      chunks_.skip(std::ssize(piece));
    } else if (buffer_.empty()) {
      const auto [data, capacity] = buffer_.room();
      const auto received = co_await receive_body_bytes(data, capacity);
      if (!received) co_return received.error();
      buffer_.commit(*received);
    }
    while (!buffer_.empty() && !chunks_.finished() && !chunks_.failed()) {
      const auto step = chunks_.step(buffer_.view());
      piece.append(step.data);
      buffer_.consume(step.used);
    }
    body_broken_ = chunks_.failed();
    if (body_broken_) co_return core::Error{core::Errc::invalid, "the body isn't well-formed chunks"};
  }
  if (chunks_.wire_bytes() > body_bytes_max_) co_return over_the_limit();
  earn(std::ssize(piece));
  co_return piece;
}

// Received bytes earn time to wait for more, but only up to a maximum: else one fast piece would pay for hours of
// silence.
void Session::earn(std::int64_t body_bytes) {
  const auto& config = shared_->config;
  if (config.body_rate_floor <= 0) return;
  body_credit_ += std::chrono::nanoseconds(std::chrono::seconds(1)) * body_bytes / config.body_rate_floor;
  const auto most = std::max(config.body_rate_credit_max, config.body_rate_grace);
  body_credit_ = std::min<Clock::duration>(body_credit_, most);
}

// Waits until more of the body has arrived, and holds no buffer meanwhile, however many clients send slowly.
Task<core::Result<void>> Session::body_ready() {
  if (request_.expects_continue && !continued_) {
    continued_ = true;
    co_await send("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (has_unread_input()) co_return core::Result<void>();
  buffer_.release();
  // Only the time spent waiting for the client counts against it, not what the handler takes.
  const auto start = Clock::now();
  deadline_.arm(start + body_credit_);
  const auto [error] = co_await socket_.async_wait(Socket::wait_read, as_tuple_task);
  const bool late = deadline_.expired();
  deadline_.disarm();
  body_credit_ -= Clock::now() - start;
  if (!error) co_return core::Result<void>();
  body_broken_ = true;
  if (late) co_return core::Error{core::Errc::invalid, "the body came too slowly"};
  co_return cut_off();
}

// Receives at least one byte of the body, after body_ready(). After an error no more of the body can be read.
Task<core::Result<std::size_t>> Session::receive_body_bytes(char* data, std::size_t capacity) {
  const auto start = Clock::now();
  deadline_.arm(start + body_credit_);
  std::size_t received = 0;
  const auto read = co_await receive(data, capacity, received);
  deadline_.disarm();
  body_credit_ -= Clock::now() - start;  // this may wait after all: urgent data makes the socket look readable
  body_broken_ = read != Read::some;
  if (read == Read::late) co_return core::Error{core::Errc::invalid, "the body came too slowly"};
  if (body_broken_) co_return cut_off();
  co_return received;
}

}  // namespace batchd::daemon
