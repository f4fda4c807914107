#include "tests/harness/local_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace batchd::harness {
namespace {

SteadyTime after(Milliseconds patience) { return std::chrono::steady_clock::now() + patience; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::optional<std::size_t> number(std::string_view text, int base = 10) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "HTTP/1.1 200 OK\r\nName: value\r\n..." without the empty line.
std::optional<HttpReply> parse_head(std::string_view head) {
  HttpReply reply;
  if (!head.starts_with("HTTP/1.1 ") || head.size() < 12) return std::nullopt;
  const auto status = number(head.substr(9, 3));
  if (!status) return std::nullopt;
  reply.status = static_cast<int>(*status);
  for (auto at = head.find("\r\n"); at != std::string_view::npos;) {
    const auto end = head.find("\r\n", at + 2);
    const auto line = head.substr(at + 2, end == std::string_view::npos ? end : end - at - 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    reply.headers.emplace_back(lower(line.substr(0, colon)), value);
    at = end;
  }
  return reply;
}

}  // namespace

std::string HttpReply::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::string() : found->second;
}

void LocalHttp::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  buffer_.clear();
  stream_.clear();
}

bool LocalHttp::readable(Milliseconds patience) const { return fd_ >= 0 && wait_for(POLLIN, after(patience)); }

void LocalHttp::reset() {
  const ::linger at_once{1, 0};
  if (fd_ >= 0) ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

void LocalHttp::stop_reading() {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RD);
}

bool LocalHttp::connect() {
  if (fd_ >= 0) return true;
  ::sockaddr_storage address{};
  ::socklen_t bytes = 0;
  if (tcp_port_ != 0) {
    ::sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(tcp_port_);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bytes = sizeof(in);
    std::memcpy(&address, &in, bytes);
  } else {
    ::sockaddr_un un{};
    un.sun_family = AF_UNIX;
    if (socket_path_.size() >= sizeof(un.sun_path)) return false;
    std::memcpy(un.sun_path, socket_path_.data(), socket_path_.size());
    bytes = sizeof(un);
    std::memcpy(&address, &un, bytes);
  }
  fd_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const void* pointer = &address;
  if (fd_ >= 0 && ::connect(fd_, static_cast<const ::sockaddr*>(pointer), bytes) == 0) return true;
  close();
  return false;
}

bool LocalHttp::wait_for(short events, SteadyTime deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
    ::pollfd watched{fd_, events, 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

bool LocalHttp::write(std::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    if (!wait_for(POLLOUT, deadline)) return false;
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool LocalHttp::read_more(SteadyTime deadline) {
  std::array<char, 64 << 10> piece;
  for (;;) {
    if (!wait_for(POLLIN, deadline)) return false;
    const auto got = ::recv(fd_, piece.data(), piece.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(got));
    return true;
  }
}

bool LocalHttp::send(std::string_view method, std::string_view target, std::string_view body, const Headers& headers,
                     Milliseconds patience) {
  const auto deadline = after(patience);
  std::string head;
  head.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  if (std::ranges::find(headers, "Host", &std::pair<std::string, std::string>::first) == headers.end())
    head += tcp_port_ != 0 ? "Host: localhost\r\n" : "Host: batchd\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  if (method != "GET") head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  head += "\r\n";
  if (connect() && write(head, deadline) && write(body, deadline)) return true;
  // A server that refuses a body early may have answered before it closed: the connection is kept for receive().
  return fd_ >= 0 && wait_for(POLLIN, deadline);
}

bool LocalHttp::send_bytes(std::string_view bytes, Milliseconds patience) {
  return connect() && write(bytes, after(patience));
}

std::optional<HttpReply> LocalHttp::receive_head(Milliseconds patience) {
  const auto deadline = after(patience);
  auto end = buffer_.find("\r\n\r\n");
  for (; end == std::string::npos && fd_ >= 0; end = buffer_.find("\r\n\r\n"))
    if (!read_more(deadline)) break;
  auto reply = end == std::string::npos ? std::nullopt : parse_head(std::string_view(buffer_).substr(0, end));
  if (reply)
    buffer_.erase(0, end + 4);
  else
    close();
  return reply;
}

std::optional<std::string> LocalHttp::read_chunk(SteadyTime deadline) {
  for (;;) {
    const auto line = buffer_.find("\r\n");
    if (line != std::string::npos) {
      const auto bytes = number(std::string_view(buffer_).substr(0, line), 16);
      if (!bytes) return std::nullopt;
      if (buffer_.size() >= line + 2 + *bytes + 2) {
        auto chunk = buffer_.substr(line + 2, *bytes);
        buffer_.erase(0, line + 2 + *bytes + 2);
        return chunk;
      }
    }
    if (!read_more(deadline)) return std::nullopt;
  }
}

std::optional<std::string> LocalHttp::read_until(std::string_view mark, Milliseconds patience) {
  const auto deadline = after(patience);
  for (;;) {
    if (const auto at = stream_.find(mark); at != std::string::npos) {
      auto text = stream_.substr(0, at + mark.size());
      stream_.erase(0, at + mark.size());
      return text;
    }
    const auto chunk = read_chunk(deadline);
    if (!chunk) {
      close();
      return std::nullopt;
    }
    if (chunk->empty()) return std::exchange(stream_, {});
    stream_ += *chunk;
  }
}

std::optional<std::string> LocalHttp::read_bytes(std::size_t count, Milliseconds patience) {
  const auto deadline = after(patience);
  while (buffer_.size() < count)
    if (!read_more(deadline)) return std::nullopt;
  auto bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return bytes;
}

std::optional<HttpReply> LocalHttp::receive(Milliseconds patience) {
  const auto deadline = after(patience);
  auto reply = receive_head(patience);
  if (!reply) return std::nullopt;
  const auto fail = [this] {
    close();
    return std::nullopt;
  };
  if (reply->header("transfer-encoding") == "chunked") {
    for (bool more = true; more;) {
      const auto chunk = read_chunk(deadline);
      if (!chunk) return fail();
      more = !chunk->empty();
      reply->body += *chunk;
    }
  } else {
    const auto length = number(reply->header("content-length"));
    if (!length) return fail();
    while (buffer_.size() < *length)
      if (!read_more(deadline)) return fail();
    reply->body = buffer_.substr(0, *length);
    buffer_.erase(0, *length);
  }
  if (lower(reply->header("connection")) == "close") close();
  return reply;
}

std::optional<HttpReply> LocalHttp::call(std::string_view method, std::string_view target, std::string_view body,
                                         const Headers& headers, Milliseconds patience) {
  if (!send(method, target, body, headers, patience)) {
    close();
    return std::nullopt;
  }
  return receive(patience);
}

}  // namespace batchd::harness
