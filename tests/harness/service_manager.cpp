#include "tests/harness/service_manager.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace batchd::harness {
namespace {

std::vector<std::string> lines_of(const std::string& message) {
  std::vector<std::string> lines;
  std::istringstream text(message);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

}  // namespace

ServiceManager::ServiceManager(const TempFolder& folder)
    : path_(folder.file("notify")), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  if (fd_ < 0 || ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("can't listen on " + path_);
  thread_ = std::thread([this] { listen(); });
}

ServiceManager::~ServiceManager() {
  over_ = true;
  thread_.join();
  ::close(fd_);
}

void ServiceManager::listen() {
  char message[8192];
  pollfd waiting{fd_, POLLIN, 0};
  while (!over_) {
    ::poll(&waiting, 1, 20);
    for (ssize_t size = 0; (size = ::recv(fd_, message, sizeof message, 0)) > 0;) {
      const std::lock_guard lock(mutex_);
      heard_.emplace_back(message, static_cast<std::size_t>(size));
    }
  }
}

std::vector<std::string> ServiceManager::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

std::size_t ServiceManager::count(const std::string& line) const {
  const auto has = [&](const std::string& message) {
    const auto lines = lines_of(message);
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  const auto all = heard();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), has));
}

std::string ServiceManager::last(const std::string& name) const {
  std::string value;
  for (const auto& message : heard())
    for (const auto& line : lines_of(message))
      if (line.starts_with(name + "=")) value = line.substr(name.size() + 1);
  return value;
}

void ServiceManager::forget() {
  const std::lock_guard lock(mutex_);
  heard_.clear();
}

}  // namespace batchd::harness
