// Hostile clients: connections that send nothing, and connections that send a byte every second. They reconnect when
// they are closed.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace batchd::e2e {

struct CrowdSize {
  int idle = 10'000;
  int slow = 1'000;  // nine of ten in the head of a request, the tenth in its body
  int all() const { return idle + slow; }
};

// So that the test itself may have so many descriptors; the reason why not, or empty.
std::string raise_descriptors(int wanted);

class IdleCrowd {
 public:
  // Connects from a thread of its own: half of them to the Unix socket, half to 127.0.0.1:`tcp_port`.
  IdleCrowd(const std::string& socket, std::uint16_t tcp_port, CrowdSize size);
  ~IdleCrowd();
  IdleCrowd(const IdleCrowd&) = delete;

  bool assembled() const { return rounds_ > 0; }
  int rounds() const { return rounds_; }        // in each of which every slow one sent a byte
  int came_back() const { return came_back_; }  // connections that were closed and made anew
  int refused() const { return refused_; }      // connects that failed

 private:
  struct Member {
    int fd = -1;
    std::size_t said = 0;
  };
  void run();
  void round();
  void connect(std::size_t index);
  bool is_slow(std::size_t index) const { return index >= static_cast<std::size_t>(size_.idle); }

  ::sockaddr_storage unix_address_{};
  ::sockaddr_storage tcp_address_{};
  const CrowdSize size_;
  std::vector<Member> members_;
  std::atomic<int> rounds_{0}, came_back_{0}, refused_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace batchd::e2e
