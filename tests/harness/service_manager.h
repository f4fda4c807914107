// The service manager's end of $NOTIFY_SOCKET: receives the daemon's messages as long as the object lives. It listens
// on a thread of its own, since a sender waits until it is heard.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/harness/temp_folder.h"

namespace batchd::harness {

class ServiceManager {
 public:
  // Throws std::runtime_error if it can't listen.
  explicit ServiceManager(const TempFolder& folder);
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  std::string socket() const { return path_; }
  std::vector<std::string> heard() const;            // one element per message, with all of its lines
  std::size_t count(const std::string& line) const;  // how many messages have exactly this line
  std::string last(const std::string& name) const;   // the value of the last NAME=VALUE; empty if none came
  void forget();

 private:
  void listen();

  std::string path_;
  int fd_ = -1;
  std::atomic<bool> over_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> heard_;
  std::thread thread_;
};

}  // namespace batchd::harness
