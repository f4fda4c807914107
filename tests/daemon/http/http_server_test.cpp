// Edge cases of the protocol on a real socket: the answers, and that the connection ends where it must.
#include <sys/stat.h>

#include "tests/daemon/http/fixture.h"

namespace batchd::daemon::test {
namespace {

class HttpServerTest : public HttpServerFixture {};

struct Edge {
  std::string request;
  int status;
};

// Each is followed by what would be a good request: it must never be read as one.
std::vector<Edge> edges() {
  const std::string kNext = "GET /path HTTP/1.1\r\nHost: x\r\n\r\n";
  std::vector<Edge> table{
      {"GET /path HTTP/1.1\r\n\r\n", 400},
      {"GET /path HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET /path HTTP/1.1\r\nHost: " + std::string(256, 'h') + "\r\n\r\n", 400},
      {"GET /path HTTP/1.0\r\n\r\n", 400},
      {"GET /path HTTP/0.9\r\nHost: a\r\n\r\n", 505},
      {"GET /path HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET /path\r\nHost: a\r\n\r\n", 400},
      {"BREW /path HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\nhello", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
      {"GET /path HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", 400},
      {"GET /path HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", 400},
      {"GET /path HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400},
      {"GET /path HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400},
      {"GET /path HTTP/1.1\nHost: a\n\n", 400},
      {"\r\nGET /path HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET http://a/path HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /. HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /" + std::string(8192, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"GET /" + std::string(20000, 'a'), 414},
      {"GET /path HTTP/1.1\r\nHost: a\r\nX: " + std::string(20000, 'x') + "\r\n\r\n", 431},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: a-pony\r\nContent-Length: 1\r\n\r\n1", 417},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 12), 400},
  };
  for (auto& edge : table) edge.request += kNext;
  return table;
}

TEST_F(HttpServerTest, EveryEdgeIsAnsweredOnceAndCloses) {
  start();
  for (const auto& edge : edges()) {
    auto client = server_->connect();
    client.send(edge.request);
    const auto answer = client.read_to_end();
    const auto shown = edge.request.substr(0, 120);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(edge.status) + " ")) << shown << "\n" << answer;
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), answer.npos) << shown;
    EXPECT_EQ(answer.find("HTTP/1.1 200"), answer.npos) << "a second request was read after an error: " << shown;
    auto good = server_->connect();
    good.send("GET /path?q=fine HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(body_of(good.read_answer()), "fine");
  }
}

TEST_F(HttpServerTest, EveryEdgeIsTheSameByteByByte) {
  start();
  for (const auto& edge : edges()) {
    if (edge.request.size() > 1000) continue;
    auto client = server_->connect();
    for (const char byte : edge.request)
      if (!client.send({&byte, 1})) break;
    EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 " + std::to_string(edge.status) + " ")) << edge.request;
  }
}

TEST_F(HttpServerTest, AnOldClientIsAnsweredAndItsConnectionEnds) {
  start();
  auto client = server_->connect();
  client.send("GET /path?q=old HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\nGET /");
  const auto answer = client.read_to_end();
  EXPECT_EQ(body_of(answer), "old");
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), answer.npos) << answer;
}

TEST_F(HttpServerTest, KeepsTheConnectionAndServesPipelinedRequestsInOrder) {
  start();
  auto client = server_->connect();
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests += "GET /path?q=" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto body = "body" + std::to_string(i);
    requests += "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    requests += "POST /path?q=unread HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nunread";
  }
  std::thread sender([&] { client.send(requests); });
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(body_of(client.read_answer()), std::to_string(i));
    EXPECT_EQ(body_of(client.read_answer()), "body" + std::to_string(i));
    EXPECT_EQ(body_of(client.read_answer()), "unread");
  }
  sender.join();
  client.send("GET /path?q=last HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n");
  const auto last = client.read_to_end();
  EXPECT_EQ(body_of(last), "last");
  EXPECT_NE(last.find("\r\nConnection: close\r\n"), last.npos);
}

TEST_F(HttpServerTest, BodiesOfAnySizeUpToTheLimit) {
  start();
  auto client = server_->connect();
  for (const std::size_t size : {0u, 1u, 8000u, 16384u, 65536u, 65537u, 1u << 20}) {
    const std::string body(size, 'z');
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body);
    EXPECT_EQ(body_of(client.read_answer()), body);
  }
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n");
  const auto answer = client.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 Content Too Large\r\n")) << answer;
  EXPECT_EQ(body_of(answer), "too_large");
}

TEST_F(HttpServerTest, AnUnreadLargeBodyClosesTheConnectionAfterTheAnswer) {
  start();
  auto client = server_->connect();
  client.send("POST /path?q=early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\nGET /path HTTP/1.1\r\n");
  EXPECT_EQ(body_of(client.read_to_end()), "early");
}

TEST_F(HttpServerTest, ExpectContinueIsAnsweredWhenTheBodyIsWanted) {
  start();
  auto client = server_->connect();
  const std::string head = " HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n";
  client.send("POST /echo" + head);
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_EQ(body_of(client.read_answer()), "body");
  client.send("POST /path" + head);  // not wanted: whether it will come can't be known, so the connection ends
  EXPECT_EQ(body_of(client.read_to_end()), "none");
}

TEST_F(HttpServerTest, AnswersHaveALengthADateAndNoForeignHeaders) {
  start();
  auto client = server_->connect();
  client.send("HEAD /path?q=a%20b+c HTTP/1.1\r\nHost:\r\n\r\n");
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("\r\nContent-Length: 5\r\n"), head.npos) << head;
  EXPECT_NE(head.find("\r\nDate: "), head.npos) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << "a body after HEAD";
  client.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto odd = client.read_answer();
  EXPECT_EQ(odd.find("\nX-Injected"), odd.npos) << odd;
  EXPECT_TRUE(odd.starts_with("HTTP/1.1 404 Not Found\r\n")) << odd;
}

TEST_F(HttpServerTest, ASlowHeaderIsCutOff) {
  config_.header_timeout = core::Duration(50);
  start();
  auto client = server_->connect();
  client.send("GET /path HT");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 408 "));
  auto silent = server_->connect();
  EXPECT_EQ(silent.read_to_end(), "");
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosed) {
  config_.idle_timeout = core::Duration(50);
  start();
  auto client = server_->connect();
  client.send("GET /path?q=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(body_of(client.read_to_end()), "1");
}

TEST_F(HttpServerTest, AClientThatNeverReadsIsCutOff) {
  config_.write_timeout = core::Duration(50);
  start();
  auto client = server_->connect();
  client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 1));
  EXPECT_TRUE(server_->becomes(&HttpServer::connections, 0));
  EXPECT_LT(client.read_to_end().size(), std::size_t{8} << 20);
}

TEST_F(HttpServerTest, StreamsAndShowsACut) {
  start();
  auto client = server_->connect();
  client.send("GET /stream?bytes=1000000&sent=1000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), std::string(1000000, 's'));
  client.send("GET /stream?bytes=1000000&sent=300000 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(body_of(client.read_to_end()).size(), 300000u);
}

TEST_F(HttpServerTest, ACancelledHandlerEndsItsConnectionOnly) {
  start();
  auto client = server_->connect();
  client.send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 0));
}

TEST_F(HttpServerTest, ACutBodyIsAnError) {
  start();
  auto client = server_->connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  client.finish_sending();
  EXPECT_EQ(body_of(client.read_to_end()), "invalid");
}

}  // namespace
}  // namespace batchd::daemon::test
