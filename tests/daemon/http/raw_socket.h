// A blocking socket for tests, with a bound on every wait.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

namespace batchd::daemon::test {

inline constexpr int kPatienceSeconds = 20;

class RawSocket {
 public:
  explicit RawSocket(int fd) : fd_(fd) {
    const timeval patience{kPatienceSeconds, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawSocket& operator=(RawSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~RawSocket() { close(); }

  static RawSocket unix_client(const std::string& path) {
    RawSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) socket.close();
    return socket;
  }

  static RawSocket tcp_client(std::uint16_t port) {
    RawSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) socket.close();
    return socket;
  }

  int fd() const { return fd_; }
  bool connected() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  // False: the other side is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // At least one byte, or empty at the end (of the stream, or of patience).
  std::string read_some() {
    std::string bytes(65536, '\0');
    const auto got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    at_end_ = got == 0 || (got < 0 && errno != EAGAIN);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  bool at_end() const { return at_end_; }

  std::string read_to_end() {
    std::string all;
    for (auto bytes = read_some(); !bytes.empty(); bytes = read_some()) all += bytes;
    EXPECT_TRUE(at_end_) << "still open, after: " << all.substr(0, 200);
    return all;
  }

  std::string read_until(std::string_view mark) {
    std::string all;
    while (all.find(mark) == all.npos) {
      const auto bytes = read_some();
      if (bytes.empty()) break;
      all += bytes;
    }
    return all;
  }

  // One answer (head and body by its Content-Length); what follows stays for the next call.
  std::string read_answer() {
    for (;;) {
      const auto head = rest_.find("\r\n\r\n");
      const auto length = rest_.find("Content-Length: ");
      if (head != rest_.npos && length != rest_.npos && length < head) {
        const auto total = head + 4 + std::stoul(rest_.substr(length + 16));
        if (rest_.size() >= total) {
          const auto answer = rest_.substr(0, total);
          rest_.erase(0, total);
          return answer;
        }
      }
      const auto bytes = read_some();
      if (bytes.empty()) return std::exchange(rest_, {});
      rest_ += bytes;
    }
  }

 private:
  int fd_;
  bool at_end_ = false;
  std::string rest_;
};

inline std::string body_of(const std::string& answer) {
  const auto head = answer.find("\r\n\r\n");
  return head == answer.npos ? "" : answer.substr(head + 4);
}

}  // namespace batchd::daemon::test
