// The server over TCP: host names, owners, and the differences from the Unix socket.
#include "tests/daemon/http/fixture.h"

namespace batchd::daemon::test {
namespace {

std::optional<Peer> peer_by_header(RequestHead& head) {
  const auto who = head.header("x-who");
  if (who == "ann") return Peer{core::OwnerId{71}, false, true};
  if (who == "root") return Peer{core::OwnerId{72}, true, true};
  return std::nullopt;
}

class HttpServerTcpTest : public HttpServerFixture {
 protected:
  HttpServerTcpTest() {
    config_.listen = "127.0.0.1:0";
    config_.hosts = {"batch.lan"};
    config_.authenticate = peer_by_header;
  }
  std::string get(const std::string& target, const std::string& host, const std::string& more = {}) {
    return ask(server_->connect_tcp(), "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n");
  }
};

TEST_F(HttpServerTcpTest, BothWaysInAreServed) {
  start();
  EXPECT_EQ(body_of(get("/path?q=tcp", "localhost")), "tcp");
  EXPECT_EQ(body_of(ask(server_->connect(), "GET /path?q=unix HTTP/1.1\r\nHost: any.thing\r\n\r\n")), "unix");
}

TEST_F(HttpServerTcpTest, AForeignHostIsMisdirected) {
  start();
  for (const auto* host : {"evil.example", "evil.example:8090", "localhost.evil.example", "", "a:b"}) {
    auto client = server_->connect_tcp();
    client.send("GET /path HTTP/1.1\r\nHost: " + std::string(host) +
                "\r\n\r\nGET /path HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto answer = client.read_to_end();
    EXPECT_TRUE(has_status(answer, 421)) << host << "\n" << answer;
    EXPECT_EQ(body_of(answer), "misdirected_request");
  }
  for (const auto* host : {"127.0.0.1", "LOCALHOST:1", "[::1]:2", "Batch.Lan:8090"})
    EXPECT_TRUE(has_status(get("/path", host), 200)) << host;
}

// A browser adds the credentials it remembers to whatever a page of anybody's makes it send.
TEST_F(HttpServerTcpTest, TheCallOfAForeignPageIsRefused) {
  start();
  for (const auto* header : {"Origin: null", "Origin: http://evil.example", "Sec-Fetch-Site: cross-site"}) {
    auto client = server_->connect_tcp();
    client.send("POST /path HTTP/1.1\r\nHost: localhost\r\nX-Who: root\r\n" + std::string(header) +
                "\r\n\r\nGET /path HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto answer = client.read_to_end();
    EXPECT_TRUE(has_status(answer, 403)) << header << "\n" << answer;
    EXPECT_EQ(body_of(answer), "cross_site");
  }
  EXPECT_TRUE(has_status(get("/path", "localhost:8090", "Origin: http://localhost:8090\r\n"), 200));
  const auto by_socket = "GET /path HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n";
  EXPECT_TRUE(has_status(ask(server_->connect(), by_socket), 200)) << "no browser gets there";
}

TEST_F(HttpServerTcpTest, EveryRequestSaysWhoItIsFrom) {
  start();
  auto client = server_->connect_tcp();
  const std::pair<const char*, const char*> table[] = {{"X-Who: ann\r\n", "71 user"},
                                                       {"", "0 user unknown"},
                                                       {"X-Who: root\r\n", "72 admin"},
                                                       {"X-Who: eve\r\n", "0 user unknown"}};
  for (const auto& [header, seen] : table) {
    client.send("GET /peer HTTP/1.1\r\nHost: localhost\r\n" + std::string(header) + "\r\n");
    EXPECT_EQ(body_of(client.read_answer()), seen);
  }
}

TEST_F(HttpServerTcpTest, WithoutAnAuthenticatorNobodyIsKnown) {
  config_.authenticate = nullptr;
  start();
  EXPECT_EQ(body_of(get("/peer", "localhost", "X-Who: root\r\n")), "0 user unknown");
}

TEST_F(HttpServerTcpTest, ANobodyWithABodyLosesTheConnection) {
  start();
  auto client = server_->connect_tcp();
  client.send("POST /path?q=who HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n");
  const auto answer = client.read_to_end();
  EXPECT_EQ(body_of(answer), "who");
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), answer.npos) << answer;
  auto known = server_->connect_tcp();
  known.send("POST /path?q=1 HTTP/1.1\r\nHost: localhost\r\nX-Who: ann\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(body_of(known.read_answer()), "1");
  known.send("bodyGET /path?q=2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(body_of(known.read_answer()), "2");
}

TEST_F(HttpServerTcpTest, AClientThatIsGoneIsNoticed) {
  start();
  for (const bool half_closes : {false, true}) {
    for (const std::string next : {"", "GET /path HTTP/1.1\r\n"}) {
      auto client = server_->connect_tcp();
      client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n" + next);
      ASSERT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 1));
      for (int turn = 0; turn < 20; ++turn) ASSERT_EQ(server_->ask(&HttpServer::exchanges_under_way), 1);
      if (half_closes)
        client.finish_sending();
      else
        client.close();
      EXPECT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 0));
    }
  }
}

TEST_F(HttpServerTcpTest, APipelinedRequestDoesNotMakeAWaitSpin) {
  start();
  auto client = server_->connect_tcp();
  client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\nGET /pending HTTP/1.1\r\n");
  ASSERT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 1));
  EXPECT_TRUE(server_->rests()) << "it works while nothing happens";
}

TEST_F(HttpServerTcpTest, ClosingEndsBothListeners) {
  start();
  const auto port = server_->tcp_port();
  auto idle = server_->connect_tcp();
  idle.send("GET /path?q=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(body_of(idle.read_answer()), "1");
  server_->close_listener();
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_TRUE(server_->served());
  EXPECT_FALSE(RawSocket::tcp_client(port).connected());
  EXPECT_FALSE(server_->connect().connected());
}

TEST_F(HttpServerTcpTest, AddressesThatCantBeListenedOnAreRefused) {
  start();
  const auto first = config_.socket_path;
  config_.socket_path = folder_ + "/t.sock";
  config_.listen = "127.0.0.1:" + std::to_string(server_->tcp_port());
  EXPECT_EQ(make().error().code, core::Errc::locked);
  for (const auto* address : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "example.org:80", "::1:80",
                              "[127.0.0.1]:80", "192.0.2.1:0", ":80"}) {
    config_.listen = address;
    EXPECT_EQ(make().error().code, core::Errc::invalid) << address;
  }
  struct stat info {};
  EXPECT_NE(::lstat(config_.socket_path.c_str(), &info), 0) << "a socket's file was left behind";
  config_.listen = "localhost:0";
  const auto named = make();
  ASSERT_TRUE(named);
  EXPECT_NE((*named)->tcp_port(), 0);
  config_.socket_path = first;
}

}  // namespace
}  // namespace batchd::daemon::test
