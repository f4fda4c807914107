// The host of one account's provider: an HTTP/1.1 server on a port of 127.0.0.1, in a thread of the test, that answers
// for a fake provider and writes down everything that it is sent.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/http.h"
#include "tests/fictitious/fake_provider.h"

namespace batchd::daemon::testing {

class Upstream {
 public:
  // Returns what the provider answers to the call at hand, and does what it asks, once for each time it is called.
  using Properly = std::function<core::HttpEvent()>;
  // Is asked first, with the call's target behind the prefix; nullopt: the provider answers. Of what it returns, an
  // answer is written, and if it has a `detail`, the connection is then closed without a word. Anything else closes the
  // connection, after a part of the answer if there is a status.
  using Fault = std::function<std::optional<core::HttpEvent>(const core::HttpCall&, const Properly&)>;
  // One call as it arrived, whole or not.
  struct Seen {
    std::string method, target;
    std::vector<core::HttpHeader> headers;
    std::string body;  // its first kBodyBytesKept bytes
  };
  static constexpr std::size_t kBodyBytesKept = 64 << 10;

  // `prefix` stands before every path, "/..." or empty. `provider` must live as long as this. Throws
  // std::runtime_error.
  Upstream(fictitious::FakeProvider& provider, std::string prefix, Fault fault);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string base_url() const { return origin() + prefix_; }
  std::vector<Seen> seen() const;
  // Does something with the provider, or with what `fault` looks at, while no call is answered.
  void between_calls(const std::function<void()>& work) const;

 private:
  struct Connection {
    int fd;
    std::string received;
  };
  void serve();
  bool read(Connection& connection);  // false: the connection is over
  std::optional<core::HttpEvent> next_answer(Connection& connection);
  core::HttpEvent answer(const Seen& seen, std::string body);

  fictitious::FakeProvider& provider_;
  const std::string prefix_;
  const Fault fault_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  int stop_[2] = {-1, -1};  // a pipe that is closed at the end
  std::list<Connection> connections_;
  mutable std::mutex mutex_;  // the provider, fault_ and seen_
  std::vector<Seen> seen_;
  std::thread thread_;
};

// Returns true if these are the same name of a header.
bool same_header(std::string_view a, std::string_view b);

}  // namespace batchd::daemon::testing
