#include "tests/daemon/kinds/upstream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace batchd::daemon::testing {

using core::HttpEvent;

namespace {

constexpr std::string_view kLineEnd = "\r\n", kHeadEnd = "\r\n\r\n";
constexpr std::size_t kUpstreamReadBytes = 64 << 10;
constexpr std::size_t kMissingBytes = 100;  // of an answer that is cut

// Reads a head as far as it is there.
Upstream::Seen parse_call_head(std::string_view head) {
  Upstream::Seen seen;
  const auto first = head.substr(0, head.find(kLineEnd));
  const auto space = std::min(first.find(' '), first.size());
  seen.method = first.substr(0, space);
  seen.target = first.substr(space).substr(std::min<std::size_t>(1, first.size() - space));
  seen.target.resize(std::min(seen.target.find(' '), seen.target.size()));
  for (head.remove_prefix(first.size()); head.size() > kLineEnd.size();) {
    head.remove_prefix(kLineEnd.size());
    const auto line = head.substr(0, head.find(kLineEnd));
    head.remove_prefix(line.size());
    const auto colon = std::min(line.find(": "), line.size());
    seen.headers.push_back(
        {std::string(line.substr(0, colon)), std::string(line.substr(std::min(colon + 2, line.size())))});
  }
  return seen;
}

std::size_t body_bytes(const Upstream::Seen& seen) {
  for (const auto& header : seen.headers)
    if (same_header(header.name, "Content-Length")) return std::stoull(header.value);
  return 0;
}

std::string answer_bytes(const HttpEvent& event) {
  const bool cut = event.kind != HttpEvent::Kind::answer;
  std::string text = "HTTP/1.1 " + std::to_string(event.status) + " Said\r\n";
  for (const auto& header : event.headers) text += header.name + ": " + header.value + "\r\n";
  text += "Content-Length: " + std::to_string(event.body.size() + (cut ? kMissingBytes : 0)) + "\r\n\r\n";
  return text + event.body;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the other side has gone
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace

bool same_header(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(a, b, {}, lower, lower);
}

Upstream::Upstream(fictitious::FakeProvider& provider, std::string prefix, Fault fault)
    : provider_(provider), prefix_(std::move(prefix)), fault_(std::move(fault)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* name = reinterpret_cast<sockaddr*>(&address);
  socklen_t bytes = sizeof address;
  if (listener_ < 0 || ::bind(listener_, name, bytes) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, name, &bytes) != 0 || ::pipe2(stop_, O_CLOEXEC) != 0)
    throw std::runtime_error("can't listen on 127.0.0.1");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

Upstream::~Upstream() {
  ::close(stop_[1]);
  thread_.join();
  for (const auto& connection : connections_) ::close(connection.fd);
  ::close(stop_[0]);
  ::close(listener_);
}

std::vector<Upstream::Seen> Upstream::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void Upstream::between_calls(const std::function<void()>& work) const {
  const std::lock_guard lock(mutex_);
  work();
}

void Upstream::serve() {
  for (;;) {
    std::vector<pollfd> watched{{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& connection : connections_) watched.push_back({connection.fd, POLLIN, 0});
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0) return;
    auto connection = connections_.begin();
    for (std::size_t i = 2; i < watched.size(); ++i) {
      const auto here = connection++;
      if (watched[i].revents == 0 || read(*here)) continue;
      ::close(here->fd);
      connections_.erase(here);
    }
    if (watched[1].revents == 0) continue;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) connections_.push_back({fd, {}});
  }
}

bool Upstream::read(Connection& connection) {
  std::string bytes(kUpstreamReadBytes, '\0');
  const auto count = ::recv(connection.fd, bytes.data(), bytes.size(), 0);
  if (count <= 0) {  // what came of a call that never became whole is written down, too
    const auto head_end = connection.received.find(kHeadEnd);
    auto rest = parse_call_head(std::string_view(connection.received).substr(0, head_end));
    if (head_end != std::string::npos) rest.body = connection.received.substr(head_end, kBodyBytesKept);
    const std::lock_guard lock(mutex_);
    if (!connection.received.empty()) seen_.push_back(std::move(rest));
    return false;
  }
  connection.received.append(bytes, 0, static_cast<std::size_t>(count));
  while (const auto event = next_answer(connection)) {
    const bool answered = event->kind == HttpEvent::Kind::answer;
    if (answered || event->status != 0) send_all(connection.fd, answer_bytes(*event));
    if (!answered || !event->detail.empty()) return false;
  }
  return true;
}

// Takes a whole call out of what was received; nullopt if there is none.
std::optional<HttpEvent> Upstream::next_answer(Connection& connection) {
  auto& received = connection.received;
  const auto head_end = received.find(kHeadEnd);
  if (head_end == std::string::npos) return std::nullopt;
  auto seen = parse_call_head(std::string_view(received).substr(0, head_end));
  const auto begin = head_end + kHeadEnd.size();
  const auto bytes = body_bytes(seen);
  if (received.size() - begin < bytes) return std::nullopt;
  auto body = received.substr(begin, bytes);
  received.erase(0, begin + bytes);
  seen.body = body.substr(0, kBodyBytesKept);
  const std::lock_guard lock(mutex_);
  seen_.push_back(seen);
  return answer(seen, std::move(body));
}

HttpEvent Upstream::answer(const Seen& seen, std::string body) {
  core::HttpCall call;
  call.method = seen.method;
  call.target = seen.target.starts_with(prefix_) ? seen.target.substr(prefix_.size()) : seen.target;
  call.headers = seen.headers;
  const auto properly = [&] { return provider_.answer(call, body); };
  auto event = fault_(call, properly);
  return event ? std::move(*event) : properly();
}

}  // namespace batchd::daemon::testing
