// Finds out what became of an answer. That the kernel has taken all of it doesn't mean that the client has read it. A
// client that closes in order, or sends another request, has read it; a client that was killed with the answer unread,
// or lost its network, has not.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/http/session.h"

namespace batchd::daemon {
namespace {

constexpr std::int64_t kDropBytesMax = 256 << 10;         // of what the client sends after the last request
constexpr std::chrono::milliseconds kPartTimeMax{1000};   // while the server is closing
constexpr std::chrono::milliseconds kLookAgainFirst{10};  // to see whether the client has taken the rest
constexpr std::chrono::milliseconds kLookAgainMax{1000};

enum class Seen : std::uint8_t { nothing, bytes, end, broken };

// Reads and drops what the client has sent, which will not be answered any more.
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

// Returns whether the other side has received all that we sent: on a Unix socket its program, over TCP its kernel.
// Clears the socket's pending error.
Session::Look Session::look_at_answer() {
  const int descriptor = socket_.native_handle();
  int unsent = 0;
  if (::ioctl(descriptor, SIOCOUTQ, &unsent) != 0) unsent = 0;  // unknown, taken as received
  // The error is read after SIOCOUTQ: when a program ends, what it left unread is no longer counted on a Unix socket,
  // but becomes an error. Over TCP it is still counted.
  int error = 0;
  socklen_t bytes = sizeof error;
  const bool whole = ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == 0;
  if (!whole) return Look::lost;
  return unsent > (remote_ ? 1 : 0) ? Look::unread : Look::taken;  // over TCP our own FIN counts as one byte
}

// Called when no further request will be read. Closes our side, and waits for the client's end, which tells whether it
// took the answer.
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
  // The client closed its side in order, perhaps only for sending, and may still be reading.
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

// Returns true when the client has closed its side in order. Returns false if the wait has ended otherwise; what could
// be found out has then been told.
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
  tell_before_closing();  // the client's time is over
  co_return false;
}

}  // namespace batchd::daemon
