#include "daemon/http/session.h"

#include <algorithm>
#include <exception>

#include "daemon/http/peer.h"
#include "daemon/net/task_group.h"

namespace batchd::daemon {
namespace {

constexpr std::int64_t kDrainBytesMax = 256 << 10;         // of a body that the handler left unread
constexpr std::chrono::milliseconds kLingerTimeMax{1000};  // for a client that is still sending to read our refusal

}  // namespace

Session::Session(std::shared_ptr<ServerShared> shared, Socket socket, const std::optional<Peer>& peer)
    : shared_(std::move(shared)),
      socket_(std::move(socket)),
      remote_(!peer),
      peer_(peer.value_or(stranger())),
      deadline_(socket_.get_executor(), [this] {
        boost::system::error_code ignored;
        socket_.cancel(ignored);
      }) {
  enter_idle();
}

Peer Session::stranger() { return {.known = false, .this_host = is_from_loopback(socket_.native_handle())}; }

void Session::close_if_idle() {
  if (!between_requests_) return;
  tell_before_closing();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Session::cut() {
  // Closed before it is cancelled, so that everything that the session still tries fails at once.
  boost::system::error_code ignored;
  socket_.close(ignored);
  stop_.emit(asio::cancellation_type::terminal);
}

void Session::evict() {
  leave_idle();
  tell_before_closing();
  evicted_ = true;
  ++shared_->evicted;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

bool Session::has_unread_input() const {
  boost::system::error_code error;
  return socket_.available(error) > 0 && !error;
}

void Session::enter_idle() {
  if (!evicted_) shared_->idle.splice(shared_->idle.end(), place_);
}

void Session::leave_idle() {
  if (place_.empty()) place_.splice(place_.begin(), shared_->idle, own_place_);
}

Task<void> Session::run(std::shared_ptr<Session> self) {
  co_await asio::this_coro::throw_if_cancelled(false);
  // In two steps: g++ 12 evaluates the right side of && in spite of a false left side if both are awaited.
  for (bool open = true; open;) {
    open = co_await self->read_request();
    if (open) open = co_await self->serve_request();
  }
  co_await self->part();
  self->leave_idle();
  self->deadline_.disarm();
  boost::system::error_code ignored;
  self->socket_.close(ignored);
}

Task<Session::Read> Session::receive(char* data, std::size_t capacity, std::size_t& received) {
  const auto [error, bytes] = co_await socket_.async_read_some(asio::buffer(data, capacity), as_tuple_task);
  received = bytes;
  if (bytes > 0) co_return Read::some;
  co_return deadline_.expired() ? Read::late : Read::ended;
}

// An idle connection holds no buffer: it waits until there is something to read, and takes a buffer then.
Task<bool> Session::read_first_bytes() {
  if (!socket_.is_open()) co_return false;
  if (!buffer_.empty()) {
    tell(true);
    co_return true;
  }
  if (shared_->closing) co_return false;
  deadline_.arm(first_ ? shared_->config.header_timeout : shared_->config.idle_timeout);
  for (;;) {
    buffer_.release();
    between_requests_ = true;
    const auto [waited] = co_await socket_.async_wait(Socket::wait_read, as_tuple_task);
    between_requests_ = false;
    if (waited) {
      tell_before_closing();
      co_return false;
    }
    const auto [data, capacity] = buffer_.room();
    boost::system::error_code error;
    const auto received = socket_.read_some(asio::buffer(data, capacity), error);
    buffer_.commit(received);
    if (received > 0) {
      tell(true);
      co_return true;
    }
    if (error == asio::error::would_block) continue;
    if (error != asio::error::eof) tell(false);
    co_return false;
  }
}

// Sets `bytes` to the length of the head in buffer_. Returns false if the connection is over.
Task<bool> Session::read_head(std::size_t& bytes) {
  const auto until = std::chrono::steady_clock::now() + shared_->config.header_timeout;
  bytes = find_head_end(buffer_.view());
  while (bytes == std::string_view::npos || bytes > kHeaderBytesMax) {
    if (buffer_.view().size() >= kHeaderBytesMax) {
      co_await refuse(oversized_head(buffer_.view()));
      co_return false;
    }
    deadline_.arm(until);
    const auto [data, capacity] = buffer_.room();
    std::size_t received = 0;
    const auto read = co_await receive(data, capacity, received);
    if (read == Read::late) co_await refuse({408, "header_timeout", "the header section didn't come in time"});
    if (read != Read::some) co_return false;
    buffer_.commit(received);
    bytes = find_head_end(buffer_.view());
  }
  deadline_.disarm();
  co_return true;
}

// Reads the head of the next request into request_. Returns false if the connection is over.
Task<bool> Session::read_request() {
  request_ = {};
  if (!co_await read_first_bytes()) co_return false;
  first_ = false;
  std::size_t bytes = 0;
  if (!co_await read_head(bytes)) co_return false;
  auto parsed = parse_head(buffer_.view().substr(0, bytes));
  std::optional<BadHead> refusal;
  if (const auto* malformed = std::get_if<BadHead>(&parsed)) {
    refusal = *malformed;
  } else {
    buffer_.consume(bytes);
    request_ = std::get<ParsedHead>(std::move(parsed));
    refusal = identify();
  }
  if (refusal) co_await refuse(*refusal);
  co_return !refusal;
}

// Finds out who the request is from. Returns the refusal of a request that may not even reach a handler.
std::optional<BadHead> Session::identify() {
  const auto& config = shared_->config;
  auto& head = request_.head;
  if (remote_) {
    if (!shared_->hosts.know(head.header("host")))
      return BadHead{421, "misdirected_request", "Host names another server; server.hosts may add it"};
    if (is_cross_site(head)) return BadHead{403, "cross_site", "the page of another site is behind this call"};
    auto peer = config.authenticate ? config.authenticate(head) : std::nullopt;
    peer_ = peer.value_or(stranger());
  }
  if (head.chunked && (!config.allows_chunked || !config.allows_chunked(head)))
    return BadHead{501, "transfer_encoding", "send a Content-Length instead of a Transfer-Encoding"};
  if (!within_share(*shared_, peer_))
    return BadHead{429, "too_many_connections", "one caller may not have more calls under way at the same time"};
  return std::nullopt;
}

// Has the handler answer the request. Returns false if the connection is over.
Task<bool> Session::serve_request() {
  if (evicted_) co_return false;  // evicted while its head was being read
  const UnderWay counted(*shared_, peer_);
  leave_idle();
  chunks_ = {};
  body_rest_ = request_.head.content_length;
  body_credit_ = shared_->config.body_rate_grace;
  body_bytes_max_ = shared_->config.body_bytes_max;
  reply_streams_ = false;
  body_broken_ = continued_ = replied_ = reply_failed_ = reply_closes_ = false;
  reply_rest_ = 0;
  co_await handle();
  deadline_.disarm();
  enter_idle();  // a connection that only drains an unread body may have to make room
  co_return co_await finish_exchange();
}

Task<void> Session::handle() {
  std::exception_ptr end;
  try {
    co_await shared_->handler(*this);
  } catch (...) {
    end = std::current_exception();
  }
  expect_clean_end(end);  // cancelled: the client sees a 500 or a cut
}

Task<bool> Session::finish_exchange() {
  if (!socket_.is_open()) co_return false;
  if (!replied_) {
    co_await refuse({500, "internal", "the request wasn't answered"});
    co_return false;
  }
  if (reply_failed_ || reply_rest_ > 0 || reply_streams_) co_return false;
  if (reply_closes_) {
    // If after_answer_ is set, part() follows the answer to the client's end instead.
    if (!after_answer_ && (body_pending() || !buffer_.empty())) co_await linger();
    co_return false;
  }
  while (body_pending()) {
    const auto dropped = co_await receive_body_piece();
    if (!dropped) co_return false;
  }
  co_return true;
}

// Returns true if the answer that is about to be sent is the last one of this connection.
bool Session::must_close() const {
  if (!request_.keep_alive || shared_->closing || body_broken_) return true;
  if (!body_pending()) return false;
  // The rest of the body has to be read before another request can come. It is not worth reading if there may be much
  // of it, if it may not come at all, or if an unknown client could hold the connection that way.
  const bool unheard = request_.expects_continue && !continued_;
  return unheard || request_.head.chunked || body_rest_ > kDrainBytesMax || !peer_.known;
}

// Sends the refusal. After this nothing that the client sends is looked at any more.
Task<void> Session::refuse(const BadHead& refusal) {
  auto [head, body] = shared_->render(refusal.status, refusal.code, refusal.detail);
  if (refusal.status == 429) head.headers.emplace_back("Retry-After", "1");
  const auto text = render_head(head, std::ssize(body), shared_->date.now(), true);
  if (!has_body(refusal.status)) body.clear();
  if (co_await send(text, body)) co_await linger();
}

// Reads and drops input for a while before the connection is closed. Closing with unread input would reset the
// connection, perhaps before the client has read the answer.
Task<void> Session::linger() {
  boost::system::error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  const auto until = std::chrono::steady_clock::now() + kLingerTimeMax;
  const auto scratch = std::make_unique_for_overwrite<char[]>(kHeaderBytesMax);
  for (std::int64_t dropped = 0; dropped < kDrainBytesMax && !error;) {
    deadline_.arm(until);
    std::size_t received = 0;
    if (co_await receive(scratch.get(), kHeaderBytesMax, received) != Read::some) co_return;
    dropped += static_cast<std::int64_t>(received);
  }
}

}  // namespace batchd::daemon
