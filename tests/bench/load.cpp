#include "tests/bench/load.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace batchd::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Lost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A connected stream to a Unix socket.
class Wire {
 public:
  explicit Wire(const std::string& socket) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.copy(address.sun_path, sizeof address.sun_path - 1);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what connect() takes
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    if (fd_ < 0 || ::connect(fd_, any, sizeof address) != 0) {
      const int why = errno;
      close();
      throw Lost(socket + ": " + std::strerror(why));
    }
  }
  ~Wire() { close(); }
  Wire(const Wire&) = delete;

  int fd() const { return fd_; }

  // Requests are smaller than any socket's buffer: one write takes them whole, and never waits.
  void send(std::string_view request) const {
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      throw Lost("the server is gone");
  }

  // Takes what has come; true once the answer is complete.
  bool receive() {
    const auto got = ::recv(fd_, answer_.data() + size_, answer_.size() - size_, 0);
    if (got <= 0) throw Lost("the server closed the connection");
    size_ += static_cast<std::size_t>(got);
    const auto text = std::string_view(answer_.data(), size_);
    if (wanted_ == 0) {
      const auto head = text.find("\r\n\r\n");
      if (head == text.npos) return false;
      wanted_ = head + 4 + content_length(text.substr(0, head));
      if (wanted_ > answer_.size()) throw std::runtime_error("an answer is too long for a benchmark");
    }
    return size_ >= wanted_;
  }

  // The complete answer; the next receive() begins another one.
  std::string_view take() {
    const std::string_view whole(answer_.data(), wanted_);
    size_ = wanted_ = 0;
    return whole;
  }

 private:
  static std::size_t content_length(std::string_view head) {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    const auto at = head.find(kName);
    if (at == head.npos) throw std::runtime_error("an answer without a length");
    std::size_t length = 0;
    std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
    return length;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  int fd_;
  std::size_t size_ = 0, wanted_ = 0;
  std::array<char, 16 << 10> answer_;
};

void must_be_accepted(std::string_view answer) {
  if (!answer.starts_with("HTTP/1.1 202 ")) throw std::runtime_error("not accepted: " + std::string(answer));
}

std::string post() {
  constexpr std::string_view kBegin = R"({"model":"bench-model","request":{"contents":[{"parts":[{"text":")";
  constexpr std::string_view kEnd = R"("}]}]}})";
  constexpr std::string_view kWords = "What a batch of requests has in common is that nobody waits for it. ";
  std::string body(kBegin);
  while (body.size() < kBodyBytes - kEnd.size()) body += kWords;
  body.resize(kBodyBytes - kEnd.size());
  body += kEnd;
  return "POST /v1/requests HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Load {
 public:
  Load(const std::string& socket, int connections) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (int i = 0; i < connections; ++i) {
      callers_.push_back(std::make_unique<Caller>(socket));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = callers_.back().get();
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, callers_.back()->wire.fd(), &event);
    }
  }
  ~Load() { ::close(epoll_); }
  Load(const Load&) = delete;

  // Starts one request on every connection that has none under way.
  void begin() {
    for (auto& caller : callers_)
      if (!caller->waiting) call(*caller);
  }

  // Takes in what has been acknowledged; `again`: and sends another one for each. `each` gets the seconds it took.
  template <class Each>
  void turn(bool again, Each each) {
    std::array<epoll_event, 256> events;
    const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < ready; ++i) {
      auto& caller = *static_cast<Caller*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (!caller.wire.receive()) continue;
      must_be_accepted(caller.wire.take());
      caller.waiting = false;
      --under_way_;
      each(Clock::now() - caller.sent_at);
      if (again) call(caller);
    }
  }

  int under_way() const { return under_way_; }

 private:
  struct Caller {
    explicit Caller(const std::string& socket) : wire(socket) {}
    Wire wire;
    Clock::time_point sent_at;
    bool waiting = false;
  };

  void call(Caller& caller) {
    caller.sent_at = Clock::now();
    caller.wire.send(post_);
    caller.waiting = true;
    ++under_way_;
  }

  const std::string post_ = post();
  int epoll_;
  int under_way_ = 0;
  std::vector<std::unique_ptr<Caller>> callers_;
};

}  // namespace

double percentile(std::vector<double>& samples, double part) {
  if (samples.empty()) return 0;
  const auto index = static_cast<std::size_t>(part * static_cast<double>(samples.size() - 1));
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

LoadFigures run_load(const std::string& socket, int connections, double seconds, const std::function<void()>& begin,
                     const std::function<void()>& end) {
  LoadFigures figures;
  Load load(socket, connections);
  std::vector<double> times;
  const auto run_until = [&](Clock::time_point until) {
    while (Clock::now() < until)
      load.turn(true, [&](Seconds took) {
        times.push_back(took.count() * 1000);
        ++figures.acks;
      });
  };
  load.begin();
  run_until(Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(kWarmUpSeconds)));
  times.clear();
  if (begin) begin();
  const auto start = Clock::now();
  run_until(start + std::chrono::duration_cast<Clock::duration>(Seconds(seconds)));
  const Seconds took = Clock::now() - start;
  if (end) end();
  figures.acks_per_second = static_cast<double>(times.size()) / took.count();
  figures.p50_ms = percentile(times, 0.50);
  figures.p99_ms = percentile(times, 0.99);
  try {
    while (load.under_way() > 0) load.turn(false, [&](Seconds) { ++figures.acks; });
  } catch (const Lost&) {
    // `end` has killed the server: what it hasn't acknowledged isn't counted.
  }
  return figures;
}

void send_requests(const std::string& socket, int requests) {
  const int connections = std::min(requests, 64);
  Load load(socket, connections);
  load.begin();
  for (int left = requests - connections; left > 0;) load.turn(true, [&left](Seconds) { --left; });
  while (load.under_way() > 0) load.turn(false, [](Seconds) {});
}

double seconds_to_first_ack(const std::string& socket) {
  const auto start = Clock::now();
  const auto request = post();
  for (;;) {
    try {
      Wire wire(socket);
      wire.send(request);
      while (!wire.receive()) {
      }
      must_be_accepted(wire.take());
      return Seconds(Clock::now() - start).count();
    } catch (const Lost&) {
      if (Clock::now() - start > std::chrono::seconds(60)) throw;
      ::usleep(200);
    }
  }
}

std::string get(const std::string& socket, const std::string& path) {
  Wire wire(socket);
  wire.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (!wire.receive()) {
  }
  const auto answer = wire.take();
  return std::string(answer.substr(answer.find("\r\n\r\n") + 4));
}

}  // namespace batchd::bench
