// What became of an answer: that all of it was handed to the kernel doesn't say that the client has read it. A client
// that closes in order, or goes on, has; one that was killed with the answer unread, or lost its network, has not.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/http/session.h"

namespace batchd::daemon {
namespace {

constexpr std::int64_t kDropBytesMax = 256 << 10;         // of what comes after the last request
constexpr std::chrono::milliseconds kPartTimeMax{1000};   // when the server closes
constexpr std::chrono::milliseconds kLookAgainFirst{10};  // for the client to take the rest
constexpr std::chrono::milliseconds kLookAgainMax{1000};

enum class Seen : std::uint8_t { nothing, bytes, end, broken };

// What there is to read, dropped: nobody will answer it.
template <class Socket>
Seen drop_some(Socket& socket, std::int64_t& dropped) {
  std::array<char, 4096> scratch;
  boost::system::error_code error;
  dropped += static_cast<std::int64_t>(socket.read_some(asio::buffer(scratch), error));
  if (!error) return Seen::bytes;
  if (error == asio::error::would_block) return Seen::nothing;
  return error == asio::error::eof ? Seen::end : Seen::broken;
}

}  // namespace

void Session::tell(bool taken) {
  if (after_answer_) std::exchange(after_answer_, nullptr)(taken);
}

void Session::tell_before_closing() {
  if (after_answer_ && socket_.is_open()) tell(look_at_answer() == Look::taken);
}

// Whether the other side has all that we sent: on a Unix socket its program, over TCP its kernel. An error that is
// pending is used up by this.
Session::Look Session::look_at_answer() {
  const int descriptor = socket_.native_handle();
  int unsent = 0;
  if (::ioctl(descriptor, SIOCOUTQ, &unsent) != 0) unsent = 0;  // can't be told
  // In this order: what a program left unread when it ended isn't counted any more, and is an error instead. Over TCP
  // it goes on being counted.
  int error = 0;
  socklen_t bytes = sizeof error;
  const bool whole = ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == 0;
  if (!whole) return Look::lost;
  return unsent > (remote_ ? 1 : 0) ? Look::unread : Look::taken;  // over TCP our own end counts for one
}

// No request will come any more. Our side is closed, and the client's end says how it took the answer.
Task<void> Session::part() {
  if (!after_answer_ || !socket_.is_open()) co_return;
  enter_idle();
  buffer_.release();
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  const core::Duration patience = shared_->closing ? kPartTimeMax : shared_->config.idle_timeout;
  const auto until = std::chrono::steady_clock::now() + patience;
  deadline_.arm(until);
  const bool ended = co_await await_client_end();
  deadline_.disarm();
  if (!ended) co_return;
  // It closed its side in order, perhaps only for sending, and may still be reading.
  auto pause = kLookAgainFirst;
  while (after_answer_ && socket_.is_open()) {
    const auto look = look_at_answer();
    if (look != Look::unread || std::chrono::steady_clock::now() >= until) co_return tell(look == Look::taken);
    Timer timer(socket_.get_executor(), pause);
    between_requests_ = true;
    const auto [cancelled] = co_await timer.async_wait(as_tuple_task);
    between_requests_ = false;
    if (cancelled) co_return;
    pause = std::min(pause * 2, kLookAgainMax);
  }
}

// False: it has been told already, or nobody will ever know.
Task<bool> Session::await_client_end() {
  for (std::int64_t dropped = 0; socket_.is_open() && after_answer_ && !deadline_.expired();) {
    switch (drop_some(socket_, dropped)) {
      case Seen::end:
        co_return true;
      case Seen::broken:
        tell(false);
        co_return false;
      case Seen::bytes:
        if (dropped < kDropBytesMax) continue;
        tell(true);
        co_return false;
      case Seen::nothing:
        break;
    }
    between_requests_ = true;
    const auto [error] = co_await socket_.async_wait(Socket::wait_read, as_tuple_task);
    between_requests_ = false;
    if (!error) continue;
    break;
  }
  tell_before_closing();  // its time is over
  co_return false;
}

}  // namespace batchd::daemon
