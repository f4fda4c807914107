// Interim answers, and whether the client took an answer that was written.
#include <sys/ioctl.h>

#include "tests/daemon/http/fixture.h"

namespace batchd::daemon::test {
namespace {

class HttpServerPartingTest : public HttpServerFixture {
 protected:
  static constexpr std::string_view kAsk = "GET /asked HTTP/1.1\r\nHost: localhost\r\n\r\n";
  static constexpr std::string_view kAskLast = "GET /asked HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

  // The answer is there to be read, and not one byte of it was.
  static void await_answer(const RawSocket& client) {
    char first = 0;
    ASSERT_EQ(::recv(client.fd(), &first, 1, MSG_PEEK), 1);
  }
  static void reset(RawSocket& client) {
    const linger at_once{1, 0};
    ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client.close();
  }
  static std::string told(std::future<std::string>& event) {
    if (event.wait_for(std::chrono::seconds(kPatienceSeconds)) != std::future_status::ready) return "nothing";
    return event.get();
  }
  // What is told of a client's answer after it did `then`.
  template <class Then>
  std::string fate(RawSocket client, std::string_view request, Then then) {
    auto event = server_->next_event();
    client.send(request);
    then(client);
    return told(event);
  }
};

TEST_F(HttpServerPartingTest, WhoReadsAndClosesHasTakenIt) {
  config_.listen = "127.0.0.1:0";
  config_.authenticate = [](RequestHead&) { return Peer{.owner = core::OwnerId(1)}; };
  start();
  const auto read_and_close = [](RawSocket& client) {
    EXPECT_TRUE(has_status(client.read_answer(), 200));
    client.close();
  };
  for (const auto request : {kAsk, kAskLast}) {
    EXPECT_EQ(fate(server_->connect(), request, read_and_close), "taken");
    EXPECT_EQ(fate(server_->connect_tcp(), request, read_and_close), "taken");
  }
}

TEST_F(HttpServerPartingTest, WhoClosesWithoutReadingHasNot) {
  config_.listen = "127.0.0.1:0";
  config_.authenticate = [](RequestHead&) { return Peer{.owner = core::OwnerId(1)}; };
  start();
  const auto just_close = [](RawSocket& client) {
    await_answer(client);
    client.close();
  };
  for (const auto request : {kAsk, kAskLast}) {
    EXPECT_EQ(fate(server_->connect(), request, just_close), "lost");
    EXPECT_EQ(fate(server_->connect_tcp(), request, just_close), "lost");
  }
}

TEST_F(HttpServerPartingTest, WhoHadClosedBeforeTheAnswerCameHasNot) {
  config_.listen = "127.0.0.1:0";
  config_.authenticate = [](RequestHead&) { return Peer{.owner = core::OwnerId(1)}; };
  start();
  for (int i = 0; i < 10; ++i)
    for (const auto request : {kAsk, kAskLast})
      EXPECT_EQ(fate(server_->connect_tcp(), request, [](RawSocket& client) { client.close(); }), "lost");
}

TEST_F(HttpServerPartingTest, ABrokenConnectionHasNot) {
  config_.listen = "127.0.0.1:0";
  config_.authenticate = [](RequestHead&) { return Peer{.owner = core::OwnerId(1)}; };
  start();
  const auto read_and_break = [](RawSocket& client) {
    EXPECT_TRUE(has_status(client.read_answer(), 200));
    reset(client);
  };
  EXPECT_EQ(fate(server_->connect_tcp(), kAsk, read_and_break), "lost");
  EXPECT_EQ(fate(server_->connect_tcp(), kAskLast, read_and_break), "lost");
}

TEST_F(HttpServerPartingTest, WhoGoesOnHasTakenIt) {
  start();
  const auto go_on = [](RawSocket& client) {
    client.read_answer();
    client.send("G");  // of the next request
  };
  EXPECT_EQ(fate(server_->connect(), kAsk, go_on), "taken");
  const std::string both = std::string(kAsk) + "GET /path HTTP/1.1\r\nHost: localhost\r\n\r\n";
  EXPECT_EQ(fate(server_->connect(), both, [](RawSocket&) {}), "taken");
}

TEST_F(HttpServerPartingTest, WhoOnlyStoppedSendingMayTakeItsTime) {
  start();
  const auto read_late = [this](RawSocket& client) {
    client.finish_sending();
    await_answer(client);
    EXPECT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 0));
    EXPECT_TRUE(has_status(client.read_answer(), 200));
  };
  EXPECT_EQ(fate(server_->connect(), kAsk, read_late), "taken");
  const auto die_late = [this](RawSocket& client) {
    client.finish_sending();
    await_answer(client);
    EXPECT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 0));
    client.close();
  };
  EXPECT_EQ(fate(server_->connect(), kAsk, die_late), "lost");
}

TEST_F(HttpServerPartingTest, AConnectionThatIsClosedHereCountsByWhatWasRead) {
  config_.idle_timeout = core::Duration(50);
  start();
  for (const auto request : {kAsk, kAskLast}) {
    EXPECT_EQ(fate(server_->connect(), request, [](RawSocket& client) { client.read_answer(); }), "taken");
    EXPECT_EQ(fate(server_->connect(), request, [](RawSocket& client) { await_answer(client); }), "lost");
  }
}

TEST_F(HttpServerPartingTest, SoDoesOneThatMakesRoom) {
  config_.connections.connections_max = 1;
  start();
  for (const bool reads : {true, false}) {
    auto event = server_->next_event();
    auto client = server_->connect();
    client.send(kAsk);
    await_answer(client);
    if (reads) client.read_answer();
    ASSERT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 0));
    auto next = server_->connect();
    EXPECT_EQ(told(event), reads ? "taken" : "lost");
    next.close();
    ASSERT_TRUE(server_->becomes(&HttpServer::connections, 0));
  }
}

TEST_F(HttpServerPartingTest, SoDoesOneThatAStopCloses) {
  start();
  auto event = server_->next_event();
  auto client = server_->connect();
  client.send(kAskLast);
  await_answer(client);
  ASSERT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 0));
  server_->close_listener();
  EXPECT_EQ(told(event), "lost");
  EXPECT_TRUE(server_->served());
}

TEST_F(HttpServerPartingTest, InterimAnswersAreBareHeads) {
  start();
  auto client = server_->connect();
  client.send("GET /interim HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string interim = "HTTP/1.1 102 Processing\r\n\r\n";
  const auto all = client.read_until("at last");
  EXPECT_TRUE(all.starts_with(interim + interim + interim + "HTTP/1.1 200 OK\r\n")) << all;
  client.send("GET /path?q=next HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "next");
  auto old = server_->connect();
  old.send("GET /interim HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(has_status(old.read_to_end(), 200)) << "an old client knows none";
}

TEST_F(HttpServerPartingTest, AnInterimAnswerThatCantBeWrittenFindsOutWhoIsGone) {
  start();
  auto event = server_->next_event();
  auto client = server_->connect();
  ::shutdown(client.fd(), SHUT_RD);
  client.send("GET /interim HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(told(event), "gone");
}

}  // namespace
}  // namespace batchd::daemon::test
