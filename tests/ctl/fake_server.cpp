#include "tests/ctl/fake_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

#include "core/check.h"

namespace batchd::ctl {
namespace {

bool is_whole(const std::string& request, std::size_t head) {
  if (request.find("Transfer-Encoding: chunked") < head) return request.ends_with("0\r\n\r\n");
  std::size_t body = 0;
  if (const auto length = request.find("Content-Length: "); length < head)
    body = static_cast<std::size_t>(std::atol(request.c_str() + length + 16));
  return request.size() >= head + 4 + body;
}

}  // namespace

std::string temporary_folder() {
  std::string pattern = "/tmp/batchctl-test-XXXXXX";
  CHECK(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

std::string http_answer(int status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

FakeServer::FakeServer(Handler handler, FakeServerOptions options)
    : handler_(std::move(handler)), options_(options), folder_(temporary_folder()), path_(folder_ + "/s") {
  options_.tcp ? listen_tcp() : listen_unix();
  CHECK(::listen(listener_, 16) == 0);
  CHECK(::pipe(stop_) == 0);
  thread_ = std::thread([this] { run(); });
}

void FakeServer::listen_unix() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(::bind(listener_, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) == 0);
}

void FakeServer::listen_tcp() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(::bind(listener_, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) == 0);
  socklen_t size = sizeof address;
  CHECK(::getsockname(listener_, static_cast<sockaddr*>(static_cast<void*>(&address)), &size) == 0);
  port_ = ntohs(address.sin_port);
}

FakeServer::~FakeServer() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
  std::filesystem::remove_all(folder_);
}

std::vector<std::string> FakeServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeServer::run() {
  std::map<int, std::string> clients;
  for (;;) {
    std::vector<pollfd> entries{{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    // At the head: answered, and never read again.
    for (const auto& [client, pending] : clients)
      entries.push_back({client, static_cast<short>(options_.at_head && !pending.empty() ? 0 : POLLIN), 0});
    ::poll(entries.data(), entries.size(), -1);
    if (entries[0].revents != 0) break;
    if (entries[1].revents != 0) clients.emplace(::accept(listener_, nullptr, nullptr), std::string());
    for (std::size_t i = 2; i < entries.size(); ++i) {
      if (entries[i].revents == 0 || serve(entries[i].fd, clients[entries[i].fd])) continue;
      ::close(entries[i].fd);
      clients.erase(entries[i].fd);
    }
  }
  for (const auto& [client, pending] : clients) ::close(client);
}

bool FakeServer::serve(int client, std::string& pending) {
  char buffer[65536];
  const auto count = ::recv(client, buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  pending.append(buffer, static_cast<std::size_t>(count));
  const auto head = pending.find("\r\n\r\n");
  if (head == std::string::npos) return true;
  if (!options_.at_head && !is_whole(pending, head)) return true;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(pending);
  }
  auto answer = handler_(pending);
  if (!options_.at_head) pending.clear();
  const bool hang_up = answer.empty() || answer.back() == kHangUp;
  if (!answer.empty() && hang_up) answer.pop_back();
  const bool sent = ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size());
  return sent && !hang_up;
}

}  // namespace batchd::ctl
