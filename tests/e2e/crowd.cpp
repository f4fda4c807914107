#include "tests/e2e/crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace batchd::e2e {
namespace {

// What a slow one says, a byte at a time, and never to its end.
std::string speech(bool with_body) {
  if (!with_body) return "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + std::string(10'000, 's');
  return std::string(10'000, ' ');  // may stand before JSON
}
constexpr std::string_view kHeadOfBody = "POST /v1/requests HTTP/1.1\r\nHost: batchd\r\nContent-Length: 20000\r\n\r\n";

// Or answered, which only a refusal can be.
bool is_closed(int fd) {
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}

}  // namespace

std::string raise_descriptors(int wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return "getrlimit failed";
  if (limit.rlim_max < static_cast<rlim_t>(wanted))
    return "needs " + std::to_string(wanted) + " descriptors, the hard limit is " + std::to_string(limit.rlim_max);
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::string() : "setrlimit failed";
}

IdleCrowd::IdleCrowd(const std::string& socket, std::uint16_t tcp_port, CrowdSize size)
    : size_(size), members_(static_cast<std::size_t>(size.all())) {
  ::sockaddr_un un{};
  un.sun_family = AF_UNIX;
  socket.copy(un.sun_path, sizeof(un.sun_path) - 1);
  std::memcpy(&unix_address_, &un, sizeof(un));
  ::sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(tcp_port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::memcpy(&tcp_address_, &in, sizeof(in));
  thread_ = std::thread([this] { run(); });
}

IdleCrowd::~IdleCrowd() {
  stop_ = true;
  thread_.join();
  for (const auto& member : members_)
    if (member.fd >= 0) ::close(member.fd);
}

void IdleCrowd::connect(std::size_t index) {
  auto& member = members_[index];
  // Bodies go to the socket, where the test's uid is known: a nobody's body isn't waited for.
  const bool with_body = is_slow(index) && index % 10 == 0;
  const bool tcp = index % 2 == 1;
  const auto& address = tcp ? tcp_address_ : unix_address_;
  const auto bytes = static_cast<::socklen_t>(tcp ? sizeof(::sockaddr_in) : sizeof(::sockaddr_un));
  const void* pointer = &address;
  member = {::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), 0};
  if (::connect(member.fd, static_cast<const ::sockaddr*>(pointer), bytes) != 0) {
    ++refused_;
    ::close(member.fd);
    member.fd = -1;
    return;
  }
  if (with_body) ::send(member.fd, kHeadOfBody.data(), kHeadOfBody.size(), MSG_NOSIGNAL);
}

void IdleCrowd::round() {
  static const std::string kHead = speech(false);
  static const std::string kBody = speech(true);
  for (std::size_t i = 0; i < members_.size() && !stop_; ++i) {
    auto& member = members_[i];
    if (member.fd >= 0 && is_closed(member.fd)) {
      ::close(member.fd);
      member.fd = -1;
      ++came_back_;
    }
    if (member.fd < 0) connect(i);
    const auto& text = i % 10 == 0 ? kBody : kHead;
    if (member.fd >= 0 && is_slow(i) && member.said < text.size())
      ::send(member.fd, &text[member.said++], 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

void IdleCrowd::run() {
  while (!stop_) {
    const auto next = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    round();
    ++rounds_;
    while (!stop_ && std::chrono::steady_clock::now() < next)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace batchd::e2e
