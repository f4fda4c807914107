#include "ctl/link/connection.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace batchd::ctl {
namespace {

std::string words(int error) { return std::strerror(error); }

// Returns what poll() reports for the descriptor; 0 if the time limit was reached first.
short ready(int fd, short events, std::chrono::steady_clock::time_point limit) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now()).count();
    pollfd entry{fd, events, 0};
    const int count = ::poll(&entry, 1, static_cast<int>(std::clamp<long long>(left, 0, 1 << 30)));
    if (count > 0) return entry.revents;
    if (count == 0 || (errno != EINTR && left <= 0)) return 0;
  }
}

Trouble not_answering() { return {Trouble::Kind::not_answering, "no answer in time"}; }

}  // namespace

void Connection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::optional<Trouble> Connection::open(const Address& address, Patience patience) {
  close();
  const auto limit = std::chrono::steady_clock::now() + patience;
  auto trouble = address.socket.empty() ? open_tcp(address, limit) : open_unix(address.socket, limit);
  if (trouble) close();
  return trouble;
}

std::optional<Trouble> Connection::open_unix(const std::string& path, TimeLimit limit) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Trouble{Trouble::Kind::not_running, "the socket's path must have 1 to 107 bytes"};
  std::memcpy(address.sun_path, path.data(), path.size());
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return Trouble{Trouble::Kind::broken, words(errno)};
  // On a Unix socket EAGAIN means that the listener's backlog is full: there is nothing to poll for.
  while (::connect(fd_, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) != 0) {
    const int error = errno;
    if (error == EINTR) continue;
    if (error == EAGAIN && std::chrono::steady_clock::now() < limit) {
      ::poll(nullptr, 0, 20);
      continue;
    }
    if (error == EAGAIN) return not_answering();
    if (error == EACCES || error == EPERM) return Trouble{Trouble::Kind::no_permission, words(error)};
    return Trouble{Trouble::Kind::not_running, words(error)};
  }
  return std::nullopt;
}

std::optional<Trouble> Connection::open_tcp(const Address& address, TimeLimit limit) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found); error != 0)
    return Trouble{Trouble::Kind::not_running, ::gai_strerror(error)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  Trouble last{Trouble::Kind::not_running, "the name has no address"};
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    close();
    fd_ = ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, each->ai_protocol);
    int error = fd_ < 0 || ::connect(fd_, each->ai_addr, each->ai_addrlen) == 0 ? 0 : errno;
    if (fd_ < 0) continue;
    if (error == EINPROGRESS || error == EINTR) {
      if (ready(fd_, POLLOUT, limit) == 0) {
        last = not_answering();
        continue;
      }
      socklen_t size = sizeof error;
      ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) return std::nullopt;
    last = error == ETIMEDOUT ? not_answering() : Trouble{Trouble::Kind::not_running, words(error)};
  }
  return last;
}

Connection::Sent Connection::send(std::string_view bytes, Patience patience) {
  while (!bytes.empty()) {
    const auto events = ready(fd_, POLLOUT | POLLIN, std::chrono::steady_clock::now() + patience);
    if (events == 0) return Sent::not_answering;
    if ((events & POLLIN) != 0) return Sent::stopped;
    const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EAGAIN && errno != EINTR)
      return Sent::stopped;
  }
  return Sent::all;
}

std::variant<std::size_t, Trouble> Connection::receive(char* buffer, std::size_t size, Patience patience) {
  const auto limit = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (ready(fd_, POLLIN, limit) == 0) return not_answering();
    const auto count = ::recv(fd_, buffer, size, 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EAGAIN && errno != EINTR) return Trouble{Trouble::Kind::broken, words(errno)};
  }
}

}  // namespace batchd::ctl
