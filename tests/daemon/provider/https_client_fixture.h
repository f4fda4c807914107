// A scripted TCP server on a thread, and a way to run one call of a client against it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <functional>
#include <map>
#include <thread>

#include "daemon/provider/https_client.h"
#include "daemon/provider/https_url.h"
#include "tests/daemon/http/raw_socket.h"

namespace batchd::daemon::test {

// Plays one script per accepted connection, in order; closes each connection after its script.
class ScriptedServer {
 public:
  using Script = std::function<void(RawSocket&)>;
  explicit ScriptedServer(std::vector<Script> scripts) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.fd(), generic, length) != 0 || ::listen(listener_.fd(), 16) != 0 ||
        ::getsockname(listener_.fd(), generic, &length) != 0)
      throw std::runtime_error("listen");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, scripts = std::move(scripts)] {
      for (const auto& script : scripts) {
        int fd = -1;
        while ((fd = ::accept(listener_.fd(), nullptr, nullptr)) < 0 && errno == EINTR) {
        }
        if (fd < 0) return;
        ++accepted_;
        RawSocket connection(fd);
        script(connection);
      }
    });
  }
  ~ScriptedServer() {
    stop_listening();
    thread_.join();
  }
  std::string url(const std::string& scheme = "http", const std::string& host = "127.0.0.1") const {
    return scheme + "://" + host + ":" + std::to_string(port_);
  }
  int accepted() const { return accepted_; }
  // From now on connecting fails. A script may call it.
  void stop_listening() { ::shutdown(listener_.fd(), SHUT_RDWR); }

 private:
  RawSocket listener_;
  unsigned port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::thread thread_;
};

inline std::string answer_text(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Reads a request head, then sends `bytes`.
inline ScriptedServer::Script answers(std::string bytes) {
  return [bytes = std::move(bytes)](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    connection.send(bytes);
  };
}

// Reads a request with a body of at least so many bytes; less if the client goes away.
inline std::string read_request(RawSocket& connection, std::size_t body_bytes) {
  std::string seen;
  for (auto end = seen.npos; end == seen.npos || seen.size() < end + 4 + body_bytes; end = seen.find("\r\n\r\n")) {
    const auto piece = connection.read_some();
    if (piece.empty()) break;
    seen += piece;
  }
  return seen;
}

// Waits until the client is gone, and reads nothing meanwhile. The client must have aborted if it had more to send.
inline void wait_for_end(RawSocket& connection) {
  pollfd gone{connection.fd(), POLLRDHUP, 0};
  EXPECT_EQ(::poll(&gone, 1, kPatienceSeconds * 1000), 1);
}

class MemorySink final : public ByteSink {
 public:
  Task<core::Result<void>> write(std::string_view bytes) override {
    if (fails) co_return core::Error{core::Errc::disk_full, "sink full"};
    text += bytes;
    ++writes;
    co_return core::Result<void>();
  }
  std::string text;
  int writes = 0;
  bool fails = false;
};

// Resets the connection: what the other side has sent and will send is refused.
inline void reset(RawSocket& connection) {
  const linger at_once{1, 0};
  ::setsockopt(connection.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  connection.close();
}

inline core::BodyPart slice(std::int64_t offset, std::int64_t bytes) {
  return core::BatchSlice{core::BatchId{7}, offset, bytes};
}

// Makes a slice of pieces that are chosen by its offset; the piece "fail" is an error. No two slices may be open at a
// time.
class PiecesOpener final : public SliceOpener {
 public:
  // `pieces` are those of offset 0. `before_last` is called when the last piece of a slice is asked for.
  explicit PiecesOpener(
      std::vector<std::string> pieces, std::function<void()> before_last = [] {})
      : before_last_(std::move(before_last)) {
    pieces_[0] = std::move(pieces);
  }
  PiecesOpener& at(std::int64_t offset, std::vector<std::string> pieces) {
    pieces_[offset] = std::move(pieces);
    return *this;
  }
  std::unique_ptr<ByteSource> open(const core::BatchSlice& slice) override {
    EXPECT_EQ(open_, 0) << "two slices are open";
    return std::make_unique<Source>(pieces_.at(slice.offset), before_last_, open_);
  }
  // Returns what a body of these parts is.
  std::string bytes(const std::vector<core::BodyPart>& body) const {
    std::string all;
    for (const auto& part : body) {
      if (const auto* text = std::get_if<std::string>(&part)) {
        all += *text;
        continue;
      }
      for (const auto& piece : pieces_.at(std::get<core::BatchSlice>(part).offset)) all += piece;
    }
    return all;
  }

 private:
  class Source final : public ByteSource {
   public:
    Source(const std::vector<std::string>& pieces, const std::function<void()>& before_last, int& open)
        : pieces_(pieces), before_last_(before_last), open_(open) {
      ++open_;
    }
    ~Source() override { --open_; }
    Task<core::Result<std::string>> next() override {
      if (at_ + 1 == pieces_.size()) before_last_();
      if (at_ == pieces_.size()) co_return std::string();
      if (pieces_[at_] == "fail") co_return core::Error{core::Errc::corrupt, "digest"};
      co_return pieces_[at_++];
    }

   private:
    const std::vector<std::string>& pieces_;
    const std::function<void()>& before_last_;
    int& open_;
    std::size_t at_ = 0;
  };
  std::map<std::int64_t, std::vector<std::string>> pieces_;
  std::function<void()> before_last_;
  int open_ = 0;
};

class HttpsClientTest : public testing::Test {
 protected:
  using Kind = core::HttpEvent::Kind;

  HttpsClientConfig config(const std::string& base_url) const {
    HttpsClientConfig config;
    config.base_url = base_url;
    config.credential_header = {"x-goog-api-key", ""};
    config.credential = "secret";
    config.connect_timeout = config.answer_timeout = config.stall_timeout = core::Duration(20'000);
    return config;
  }
  void connect(const std::string& base_url) { connect(config(base_url)); }
  void connect(const HttpsClientConfig& with) { client_ = make_https_client(context_.get_executor(), with); }

  core::HttpEvent call(const core::HttpCall& call, SliceOpener* slices = nullptr, ByteSink* sink = nullptr) {
    core::HttpEvent event;
    std::exception_ptr thrown;
    asio::co_spawn(context_, perform(call, slices, sink),
                   asio::bind_cancellation_slot(stop_.slot(), [&](std::exception_ptr error, core::HttpEvent got) {
                     thrown = error;
                     event = std::move(got);
                   }));
    context_.restart();
    context_.run();
    EXPECT_FALSE(thrown);
    return event;
  }
  // As the daemon's tasks do it: cancellation comes out as an event.
  Task<core::HttpEvent> perform(const core::HttpCall& call, SliceOpener* slices, ByteSink* sink) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_return co_await client_->perform(call, slices, sink);
  }
  static core::HttpCall get(const std::string& target = "/x") { return {.method = "GET", .target = target}; }
  static core::HttpCall post(std::vector<core::BodyPart> body) {
    return {.method = "POST", .target = "/x", .body = std::move(body)};
  }
  static core::HttpCall create() {
    auto call = post({"{}"});
    call.single_shot = true;
    return call;
  }
  static core::HttpCall download() { return {.method = "GET", .target = "/d", .sink = core::HttpCall::Sink::lines}; }
  static core::HttpCall upload(std::int64_t bytes) { return post({slice(0, bytes)}); }

  asio::io_context context_{1};
  asio::cancellation_signal stop_;
  std::unique_ptr<ProviderLink> client_;
};

}  // namespace batchd::daemon::test
