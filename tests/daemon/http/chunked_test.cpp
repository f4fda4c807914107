// Bodies and answers whose length isn't known, on real sockets.
#include <atomic>

#include "tests/daemon/http/fixture.h"

namespace batchd::daemon::test {
namespace {

class HttpServerChunkedTest : public HttpServerFixture {
 protected:
  HttpServerChunkedTest() {
    config_.allows_chunked = [](const RequestHead& head) { return head.path != "/path"; };
  }
};

constexpr std::string_view kHead = " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n";

std::string chunk(std::string_view data, std::string_view extension = {}) {
  std::array<char, 20> size{};
  std::snprintf(size.data(), size.size(), "%zx", data.size());
  return std::string(size.data()).append(extension).append("\r\n").append(data).append("\r\n");
}

TEST_F(HttpServerChunkedTest, BodiesInChunksOfAnySize) {
  start();
  auto client = server_->connect();
  for (const std::size_t size : {1u, 100u, 8191u, 8192u, 9000u, 65536u, 70000u}) {
    for (const int count : {0, 1, 2, 7}) {
      std::string body;
      std::string wire = "POST /echo" + std::string(kHead);
      for (int i = 0; i < count; ++i) {
        const std::string data(size, static_cast<char>('a' + i));
        body += data;
        wire += chunk(data, i % 2 == 0 ? ";x=y" : "");
      }
      wire += "0\r\nX-Trailer: skipped\r\n\r\nGET /path?q=next HTTP/1.1\r\nHost: a\r\n\r\n";
      client.send(wire);
      EXPECT_TRUE(body_of(client.read_answer()) == body) << count << " of " << size;
      EXPECT_EQ(body_of(client.read_answer()), "next");
    }
  }
}

TEST_F(HttpServerChunkedTest, BytesMayComeOneByOne) {
  start();
  auto client = server_->connect();
  const auto wire = "POST /echo" + std::string(kHead) + chunk("hello ") + chunk("world", ";e") + "0\r\nT: 1\r\n\r\n";
  for (const char byte : wire) ASSERT_TRUE(client.send({&byte, 1}));
  EXPECT_EQ(body_of(client.read_answer()), "hello world");
}

TEST_F(HttpServerChunkedTest, WhatIsNotPlainChunkedIsRefused) {
  start();
  const std::string body = chunk("hello") + "0\r\n\r\nGET /path HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::pair<std::string, int> table[] = {
      {"POST /path HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501},  // not here
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
  };
  for (const auto& [head, status] : table) {
    auto client = server_->connect();
    client.send(head + body);
    const auto answer = client.read_to_end();
    EXPECT_TRUE(has_status(answer, status)) << head << answer;
    EXPECT_EQ(answer.find("HTTP/1.1 200"), answer.npos) << "the body was read as a request: " << head;
  }
}

TEST_F(HttpServerChunkedTest, ABrokenBodyIsAnErrorAndEndsTheConnection) {
  start();
  for (const std::string broken : {"5\nhello\r\n0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n", "x\r\n", "0\r\n\n"}) {
    auto client = server_->connect();
    client.send("POST /echo" + std::string(kHead) + broken + "GET /path HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto answer = client.read_to_end();
    EXPECT_TRUE(has_status(answer, 400)) << broken << answer;
    EXPECT_EQ(body_of(answer), "invalid");
  }
  auto cut = server_->connect();
  cut.send("POST /echo" + std::string(kHead) + "5\r\nhel");
  cut.finish_sending();
  EXPECT_EQ(body_of(cut.read_to_end()), "invalid");
}

// The limit counts what comes over the wire: data, or what only looks like it may become some.
TEST_F(HttpServerChunkedTest, TheLimitCountsEveryByte) {
  config_.body_bytes_max = 100'000;
  start();
  const auto data = chunk(std::string(100'001, 'd'));
  std::string extensions, crumbs;
  for (int i = 0; i < 40; ++i) extensions += chunk("x", ";" + std::string(3000, 'e'));
  for (int i = 0; i < 20'000; ++i) crumbs += chunk("x");
  for (const auto& body : {data, extensions, crumbs}) {
    auto client = server_->connect();
    client.send("POST /echo" + std::string(kHead) + body + "0\r\n\r\n");
    const auto answer = client.read_to_end();
    EXPECT_TRUE(has_status(answer, 413)) << answer.substr(0, 200);
    // Where the handler allows more, more is taken.
    auto allowed = server_->connect();
    allowed.send("POST /bulk" + std::string(kHead) + body + "0\r\n\r\n");
    EXPECT_TRUE(has_status(allowed.read_answer(), 200));
  }
  auto length = server_->connect();
  length.send("POST /bulk HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n" + std::string(100'001, 'l'));
  EXPECT_TRUE(has_status(length.read_answer(), 200));
}

// Bytes that mean nothing don't count as speed.
TEST_F(HttpServerChunkedTest, ABodyThatComesTooSlowlyIsCutOff) {
  config_.body_rate_floor = 1 << 20;
  config_.body_rate_grace = core::Duration(100);
  start();
  auto length = server_->connect();
  length.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nslow");
  EXPECT_EQ(body_of(length.read_to_end()), "invalid");
  auto client = server_->connect();
  client.send("POST /echo" + std::string(kHead) + "5;");
  std::atomic<bool> stop{false};
  std::thread talker([&] {
    while (!stop && client.send("e")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  EXPECT_TRUE(has_status(client.read_some(), 400));
  stop = true;
  talker.join();
}

// At this rate a megabyte pays for 17 minutes.
TEST_F(HttpServerChunkedTest, ABodyThatCameFastMayNotPauseForEver) {
  config_.body_rate_floor = 1 << 10;
  config_.body_rate_grace = config_.body_rate_credit_max = core::Duration(500);
  start();
  auto client = server_->connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n" + std::string(1'048'575, 'f'));
  EXPECT_EQ(body_of(client.read_to_end()), "invalid");
}

TEST_F(HttpServerChunkedTest, AnEarlyAnswerEndsTheConnection) {
  config_.allows_chunked = [](const RequestHead&) { return true; };
  start();
  auto client = server_->connect();
  client.send("POST /path?q=early" + std::string(kHead) + chunk("unread"));
  const auto answer = client.read_to_end();
  EXPECT_EQ(body_of(answer), "early");
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), answer.npos);
}

TEST_F(HttpServerChunkedTest, ExpectContinueIsAnsweredBeforeTheFirstChunk) {
  start();
  auto client = server_->connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(chunk("body") + "0\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "body");
}

TEST_F(HttpServerChunkedTest, AnswersOfUnknownLength) {
  start();
  auto client = server_->connect();
  client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto answer = client.read_until("0\r\n\r\n");
  EXPECT_NE(answer.find("\r\nTransfer-Encoding: chunked\r\n"), answer.npos) << answer;
  EXPECT_EQ(answer.find("Content-Length"), answer.npos) << answer;
  EXPECT_EQ(body_of(answer), "4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n");
  client.send("HEAD /endless HTTP/1.1\r\nHost: a\r\n\r\nGET /path?q=next HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(body_of(client.read_until("\r\n\r\n").append(client.read_answer())).substr(0, 13), "HTTP/1.1 200 ");
}

TEST_F(HttpServerChunkedTest, AStreamThatWasCutHasNoEnd) {
  start();
  auto client = server_->connect();
  client.send("GET /endless?cut HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto answer = client.read_to_end();
  EXPECT_TRUE(answer.ends_with("5\r\nthree\r\n")) << answer;
}

TEST_F(HttpServerChunkedTest, AnOldClientGetsAPlainStream) {
  start();
  auto client = server_->connect();
  client.send("GET /endless HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  const auto answer = client.read_to_end();
  EXPECT_EQ(body_of(answer), "one two three");
  EXPECT_EQ(answer.find("Transfer-Encoding"), answer.npos) << answer;
  EXPECT_EQ(answer.find("Content-Length"), answer.npos) << answer;
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), answer.npos) << answer;
}

}  // namespace
}  // namespace batchd::daemon::test
