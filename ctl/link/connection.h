// A blocking byte stream to batchd. Every call fails if no byte moves within its `patience`.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

#include "ctl/link/address.h"
#include "ctl/link/trouble.h"

namespace batchd::ctl {

class Connection {
 public:
  using Patience = std::chrono::milliseconds;

  Connection() = default;
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::optional<Trouble> open(const Address& address, Patience patience);
  bool is_open() const { return fd_ >= 0; }
  void close();

  // `stopped`: the other side answered or closed before it took everything; receive() returns its answer or the fault.
  enum class Sent { all, stopped, not_answering };
  Sent send(std::string_view bytes, Patience patience);
  // Returns how many bytes were received; 0 if the other side closed.
  std::variant<std::size_t, Trouble> receive(char* buffer, std::size_t size, Patience patience);

 private:
  using TimeLimit = std::chrono::steady_clock::time_point;
  std::optional<Trouble> open_unix(const std::string& path, TimeLimit limit);
  std::optional<Trouble> open_tcp(const Address& address, TimeLimit limit);

  int fd_ = -1;
};

}  // namespace batchd::ctl
