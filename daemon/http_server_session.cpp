#include "daemon/http_server_session.h"

#include <algorithm>
#include <exception>

#include "daemon/task_group.h"

namespace batchd::daemon {
namespace {

constexpr std::size_t kBufferBytes = 8 << 10;              // holds most requests with their body
constexpr std::int64_t kDrainBytesMax = 256 << 10;         // of a body that nobody wanted
constexpr std::chrono::milliseconds kLingerTimeMax{1000};  // for a client that is still sending to read our refusal

// Counts an exchange, however its coroutine ends.
class UnderWay {
 public:
  explicit UnderWay(int& count) : count_(count) { ++count_; }
  ~UnderWay() { --count_; }
  UnderWay(const UnderWay&) = delete;

 private:
  int& count_;
};

}  // namespace

std::pair<char*, std::size_t> ReceiveBuffer::room() {
  if (empty()) begin_ = end_ = 0;
  if (end_ == capacity_) {
    const auto used = view();
    const auto capacity = !bytes_ ? kBufferBytes : used.size() > capacity_ / 2 ? kHeaderBytesMax : capacity_;
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    std::ranges::copy(used, bytes.get());
    begin_ = 0;
    end_ = used.size();
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }
  return {bytes_.get() + end_, capacity_ - end_};
}

void ReceiveBuffer::release() {
  if (!empty()) return;
  bytes_.reset();
  capacity_ = begin_ = end_ = 0;
}

Session::Session(std::shared_ptr<ServerShared> shared, Socket socket, const Peer& peer)
    : shared_(std::move(shared)), socket_(std::move(socket)), peer_(peer), deadline_(socket_.get_executor(), [this] {
        boost::system::error_code ignored;
        socket_.cancel(ignored);
      }) {}

void Session::close_if_idle() {
  if (!idle_) return;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Session::cut() {
  // Closed before it is cancelled: whatever the session still tries after this fails at once.
  boost::system::error_code ignored;
  socket_.close(ignored);
  stop_.emit(asio::cancellation_type::terminal);
}

Task<void> Session::run(std::shared_ptr<Session> self) {
  co_await asio::this_coro::throw_if_cancelled(false);
  // In two steps: g++ 12 evaluates the right side of && in spite of a false left side if both are awaited.
  for (bool open = true; open;) {
    open = co_await self->read_request();
    if (open) open = co_await self->serve_request();
  }
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

Task<bool> Session::read_first_bytes() {
  if (!buffer_.empty()) co_return true;
  if (shared_->closing) co_return false;
  deadline_.arm(first_ ? shared_->config.header_timeout : shared_->config.idle_timeout);
  const auto [data, capacity] = buffer_.room();
  std::size_t received = 0;
  idle_ = true;
  const auto read = co_await receive(data, capacity, received);
  idle_ = false;
  buffer_.commit(received);
  co_return read == Read::some;
}

// False: the connection is over.
Task<bool> Session::read_request() {
  request_ = {};
  if (!co_await read_first_bytes()) co_return false;
  first_ = false;
  const auto until = std::chrono::steady_clock::now() + shared_->config.header_timeout;
  auto end = find_head_end(buffer_.view());
  while (end == std::string_view::npos || end > kHeaderBytesMax) {
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
    end = find_head_end(buffer_.view());
  }
  deadline_.disarm();
  auto parsed = parse_head(buffer_.view().substr(0, end));
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
    co_await refuse(*refusal);
    co_return false;
  }
  buffer_.consume(end);
  request_ = std::get<ParsedHead>(std::move(parsed));
  co_return true;
}

// False: the connection is over.
Task<bool> Session::serve_request() {
  const UnderWay counted(shared_->under_way);
  body_rest_ = request_.head.content_length;
  body_bytes_max_ = shared_->config.body_bytes_max;
  body_waited_ = {};
  reply_streams_ = false;
  body_broken_ = continued_ = replied_ = reply_failed_ = reply_closes_ = false;
  reply_rest_ = 0;
  co_await handle();
  deadline_.disarm();
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
    if (body_rest_ > 0 || !buffer_.empty()) co_await linger();
    co_return false;
  }
  while (body_rest_ > 0) {
    const auto dropped = co_await receive_body_piece();
    if (!dropped) co_return false;
  }
  co_return true;  // the buffer stays: the next request needs it at once
}

// Whether the answer that is about to go out is the last one of this connection.
bool Session::must_close() const {
  const bool unheard = request_.expects_continue && !continued_ && body_rest_ > 0;  // will the body come, or not?
  return !request_.keep_alive || shared_->closing || body_broken_ || unheard || body_rest_ > kDrainBytesMax;
}

// After this nothing of what the client sends is looked at any more.
Task<void> Session::refuse(const Refusal& refusal) {
  auto [head, body] = shared_->render(refusal.status, refusal.code, refusal.detail);
  const auto text = render_head(head, std::ssize(body), shared_->date.now(), true);
  if (!has_body(refusal.status)) body.clear();
  if (co_await send(text, body)) co_await linger();
}

// Closing with unread input would reset the connection, perhaps before the client has read the answer.
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
