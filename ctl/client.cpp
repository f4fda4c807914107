#include "ctl/client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <cstring>

#include "ctl/exit_code.h"

namespace batchd::ctl {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kReadBytes = 64 << 10;

std::string words(int error) { return std::strerror(error); }

// Waits until the descriptor is ready. False: the deadline came first.
bool ready(int fd, short events, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd entry{fd, events, 0};
    const int count = ::poll(&entry, 1, static_cast<int>(std::max<long long>(left, 0)));
    if (count > 0) return true;
    if (count == 0 || (errno != EINTR && left <= 0)) return false;
  }
}

Trouble not_answering() { return {Trouble::Kind::not_answering, "no answer in time"}; }

std::string head_of(const Call& call) {
  std::string head = call.method + ' ' + call.target + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: batchctl/" +
                     BATCHD_VERSION + "\r\n";
  for (const auto& [name, value] : call.headers) head += name + ": " + value + "\r\n";
  if (call.method == "POST")
    head += "Content-Type: application/json\r\nContent-Length: " + std::to_string(call.body.size()) + "\r\n";
  return head + "\r\n";
}

}  // namespace

Client::Client(std::string socket_path) : path_(std::move(socket_path)) {}
Client::~Client() { disconnect(); }

void Client::disconnect() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::variant<std::monostate, Trouble> Client::connect(Deadline deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.empty() || path_.size() >= sizeof address.sun_path)
    return Trouble{Trouble::Kind::not_running, "the socket's path must have 1 to 107 bytes"};
  std::memcpy(address.sun_path, path_.data(), path_.size());
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return Trouble{Trouble::Kind::broken, words(errno)};
  // On a Unix socket EAGAIN means that the listener's backlog is full: there is nothing to poll for.
  while (::connect(fd_, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) != 0) {
    const int error = errno;
    if (error == EINTR) continue;
    if (error == EAGAIN && std::chrono::steady_clock::now() < deadline) {
      ::poll(nullptr, 0, 20);
      continue;
    }
    disconnect();
    if (error == EAGAIN) return not_answering();
    if (error == EACCES || error == EPERM) return Trouble{Trouble::Kind::no_permission, words(error)};
    return Trouble{Trouble::Kind::not_running, words(error)};
  }
  return {};
}

Reply Client::call(const Call& call) {
  const auto deadline = std::chrono::steady_clock::now() + call.timeout;
  for (;;) {
    const bool kept = fd_ >= 0;
    if (!kept)
      if (const auto connected = connect(deadline); const auto* trouble = std::get_if<Trouble>(&connected))
        return *trouble;
    bool silent = true;
    auto reply = exchange(call, deadline, silent);
    if (std::holds_alternative<Answer>(reply)) {
      ever_answered_ = true;
      return reply;
    }
    disconnect();
    const bool dead_since_long = kept && silent && std::get<Trouble>(reply).kind == Trouble::Kind::broken;
    if (!dead_since_long || !call.repeatable) return reply;
  }
}

Reply Client::exchange(const Call& call, Deadline deadline, bool& silent) {
  const std::string head = head_of(call);
  for (const std::string_view part : {std::string_view(head), std::string_view(call.body)})
    for (std::size_t sent = 0; sent < part.size();) {
      const auto count = ::send(fd_, part.data() + sent, part.size() - sent, MSG_NOSIGNAL);
      if (count >= 0) {
        sent += static_cast<std::size_t>(count);
      } else if (errno == EAGAIN) {
        if (!ready(fd_, POLLOUT, deadline)) return not_answering();
      } else if (errno != EINTR) {
        return receive(deadline, silent);  // a refusal may stand in the way of the rest of the body
      }
    }
  return receive(deadline, silent);
}

Reply Client::receive(Deadline deadline, bool& silent) {
  std::array<char, kReadBytes> buffer;
  std::size_t filled = 0;
  for (;;) {  // one round per answer: interim ones (1xx) come before the real one
    http::response_parser<http::string_body> parser;
    parser.eager(true);
    parser.body_limit(boost::none);
    while (!parser.is_done()) {
      boost::system::error_code error;
      const auto used = parser.put(boost::asio::buffer(buffer.data(), filled), error);
      std::memmove(buffer.data(), buffer.data() + used, filled - used);
      filled -= used;
      if (parser.is_done()) break;
      if (error && error != http::error::need_more)
        return Trouble{Trouble::Kind::broken, "not an HTTP answer: " + error.message()};
      if (used > 0 && filled > 0) continue;
      if (filled == buffer.size()) return Trouble{Trouble::Kind::broken, "the answer's header is too long"};
      if (!ready(fd_, POLLIN, deadline)) return not_answering();
      const auto count = ::recv(fd_, buffer.data() + filled, buffer.size() - filled, 0);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count < 0) return Trouble{Trouble::Kind::broken, words(errno)};
      if (count == 0) {
        error = {};
        if (!silent) parser.put_eof(error);
        if (silent || error || !parser.is_done())
          return Trouble{Trouble::Kind::broken, "the connection was closed before the answer was complete"};
        break;
      }
      silent = false;
      filled += static_cast<std::size_t>(count);
    }
    auto& message = parser.get();
    if (message.result_int() / 100 == 1) continue;
    Answer answer{static_cast<int>(message.result_int()), std::move(message.body()), 0};
    const std::string_view wait(message[http::field::retry_after].data(), message[http::field::retry_after].size());
    for (const char c : wait.substr(0, 6)) {
      if (c < '0' || c > '9') break;
      answer.retry_after_seconds = answer.retry_after_seconds * 10 + (c - '0');
    }
    if (!parser.keep_alive()) disconnect();
    return answer;
  }
}

std::string explain(const Trouble& trouble, const std::string& socket_path) {
  switch (trouble.kind) {
    case Trouble::Kind::not_running:
      return "batchd isn't running at " + socket_path + " (" + trouble.detail +
             ")\nhint: systemctl status batchd; or name another socket with --socket or $BATCHD_SOCKET";
    case Trouble::Kind::no_permission:
      return "no permission to use " + socket_path + " (" + trouble.detail +
             ")\nhint: join the socket's group (ls -l " + socket_path + "), then log in again";
    case Trouble::Kind::not_answering:
      return "batchd doesn't answer at " + socket_path + " (" + trouble.detail +
             ")\nhint: journalctl -u batchd; batchctl doctor";
    case Trouble::Kind::broken:
      return "the connection to " + socket_path + " broke (" + trouble.detail +
             ")\nhint: batchd may be restarting: try again";
  }
  return trouble.detail;
}

int exit_code_of(const Trouble& trouble) {
  return trouble.kind == Trouble::Kind::no_permission ? kNoPermission : kUnavailable;
}

int exit_code_of_status(int status) {
  if (status / 100 == 2) return kDone;
  if (status == 401 || status == 403) return kNoPermission;
  if (status == 408 || status == 429 || status == 503 || status == 507) return kTryLater;
  return status / 100 == 4 ? kBadInput : kUnavailable;
}

}  // namespace batchd::ctl
