// Which clients get a connection when there are too few, and how many calls one owner may have under way.
#include <malloc.h>

#include "tests/daemon/http/fixture.h"

namespace batchd::daemon::test {
namespace {

class HttpServerCrowdTest : public HttpServerFixture {
 protected:
  // A connection with a served request behind it.
  RawSocket idle_client() {
    auto client = server_->connect();
    client.send("GET /path?q=in HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(body_of(client.read_answer()), "in");
    return client;
  }
  // A connection with an exchange under way; `before` are.
  RawSocket waiting_client(int before) {
    auto client = server_->connect();
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, before + 1));
    return client;
  }
  static bool served(RawSocket& client) {
    client.send("GET /path?q=served HTTP/1.1\r\nHost: a\r\n\r\n");
    return body_of(client.read_answer()) == "served";
  }
};

TEST_F(HttpServerCrowdTest, TheLongestIdleMakesRoom) {
  config_.connections.connections_max = 3;
  start();
  auto first = idle_client();
  auto second = idle_client();
  auto third = idle_client();
  EXPECT_TRUE(served(first));  // so that the second one has been idle for longest
  auto fourth = idle_client();
  EXPECT_EQ(second.read_to_end(), "");
  EXPECT_TRUE(server_->becomes(&HttpServer::connections, 3));
  EXPECT_TRUE(served(first));
  EXPECT_TRUE(served(third));
  EXPECT_TRUE(served(fourth));
}

TEST_F(HttpServerCrowdTest, ARequestThatHasJustArrivedKeepsItsConnection) {
  config_.connections.connections_max = 2;
  start();
  auto first = idle_client();
  auto second = idle_client();
  std::optional<RawSocket> third;
  server_->stall([&] {
    third.emplace(server_->connect());
    first.send("GET /path?q=in-time HTTP/1.1\r\nHost: a\r\n\r\n");
  });
  EXPECT_EQ(body_of(first.read_answer()), "in-time");
  EXPECT_EQ(second.read_to_end(), "");
  EXPECT_TRUE(served(*third));
}

TEST_F(HttpServerCrowdTest, AHeadThatDoesNotEndMakesRoom) {
  config_.connections.connections_max = 2;
  start();
  auto waiting = waiting_client(0);
  auto slow = server_->connect();
  slow.send("GET /path HTTP/1.1\r\nX-Slow: ");
  ASSERT_TRUE(server_->becomes(&HttpServer::connections, 2));
  auto honest = idle_client();
  EXPECT_EQ(slow.read_to_end(), "");
  EXPECT_TRUE(served(honest));
  EXPECT_EQ(server_->ask(&HttpServer::exchanges_under_way), 1);
}

// Its head is on the way from the socket to the session when the newcomer is let in: it takes two reads.
TEST_F(HttpServerCrowdTest, AHeadThatComesTooLateIsNotServed) {
  config_.connections.connections_max = 1;
  start();
  auto late = idle_client();
  const auto held = server_->next_event();
  std::optional<RawSocket> newcomer;
  server_->stall([&] {
    late.send("GET /hold HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(10'000, 'l') + "\r\n\r\n");
    newcomer.emplace(server_->connect());
  });
  EXPECT_EQ(late.read_to_end(), "");
  EXPECT_TRUE(served(*newcomer));
  EXPECT_EQ(server_->ask(&HttpServer::exchanges_under_way), 0);
  EXPECT_EQ(held.wait_for(std::chrono::seconds(0)), std::future_status::timeout) << "served to nobody";
}

TEST_F(HttpServerCrowdTest, OnlyWhenAllAreUnderWayANewOneIsTurnedAway) {
  config_.connections.connections_max = 2;
  start();
  auto first = waiting_client(0);
  auto second = waiting_client(1);
  auto third = server_->connect();
  const auto answer = third.read_to_end();
  EXPECT_TRUE(has_status(answer, 503)) << answer;
  EXPECT_NE(answer.find("\r\nRetry-After: "), answer.npos) << answer;
  first.close();
  ASSERT_TRUE(server_->becomes(&HttpServer::connections, 1));
  idle_client();
}

TEST_F(HttpServerCrowdTest, ManyComeAndGo) {
  config_.connections.connections_max = 5;
  start();
  std::vector<RawSocket> crowd;
  for (int i = 0; i < 300; ++i) {
    crowd.push_back(server_->connect());
    if (i % 3 == 0) crowd.back().send("GET /path HTTP/1.1\r\n");
    if (i % 50 == 0) idle_client();
  }
  EXPECT_TRUE(server_->becomes(&HttpServer::connections, 5));
  idle_client();
  crowd.clear();
  EXPECT_TRUE(server_->becomes(&HttpServer::connections, 0));
  EXPECT_EQ(server_->ask(&HttpServer::exchanges_under_way), 0);
}

TEST_F(HttpServerCrowdTest, BodiesThatDontComeHoldNoBuffers) {
  constexpr int kClients = 60;
  start();
  idle_client();
  const auto held = [] { return static_cast<std::int64_t>(::mallinfo2().uordblks); };
  const auto before = held();
  std::vector<RawSocket> crowd;
  for (int i = 0; i < kClients; ++i) {
    crowd.push_back(server_->connect());
    crowd.back().send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  }
  ASSERT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, kClients));
  for (int turn = 0; turn < 20; ++turn) server_->ask(&HttpServer::connections);
  EXPECT_LT((held() - before) / kClients, 16 << 10) << "bytes for each of them";
}

TEST_F(HttpServerCrowdTest, TheLimitsCanChangeAndCutNobody) {
  config_.connections.connections_max = 2;
  start();
  auto first = waiting_client(0);
  auto second = waiting_client(1);
  const auto turned_away = [&] { return has_status(server_->connect().read_to_end(), 503); };
  EXPECT_TRUE(turned_away());
  server_->limit({.connections_max = 3});
  auto third = waiting_client(2);
  EXPECT_TRUE(turned_away());
  server_->limit({.connections_max = 1});
  EXPECT_TRUE(turned_away());
  EXPECT_EQ(server_->ask(&HttpServer::exchanges_under_way), 3);
  first.close();
  second.close();
  ASSERT_TRUE(server_->becomes(&HttpServer::connections, 1));
  EXPECT_TRUE(turned_away());
  third.close();
  ASSERT_TRUE(server_->becomes(&HttpServer::connections, 0));
  idle_client();
}

TEST_F(HttpServerCrowdTest, AnOwnersShareIsBoundedAnAdministratorsIsNot) {
  config_.listen = "127.0.0.1:0";
  config_.connections.owner_connections_max = 2;
  config_.authenticate = [](RequestHead& head) -> std::optional<Peer> {
    const auto id = std::stoll(std::string(head.header("x-who")));
    return Peer{core::OwnerId{id}, id == 9, true};
  };
  start();
  std::vector<RawSocket> waiting;
  int under_way = 0;
  const auto call = [&](const std::string& path, const std::string& who) {
    auto client = server_->connect_tcp();
    client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nX-Who: " + who + "\r\n\r\n");
    return client;
  };
  const auto wait = [&](const std::string& who) {
    waiting.push_back(call("/wait", who));
    EXPECT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, ++under_way)) << who;
  };
  for (const auto* who : {"1", "1", "2", "9", "9", "9"}) wait(who);
  auto third = call("/wait", "1");
  const auto answer = third.read_to_end();
  EXPECT_TRUE(has_status(answer, 429)) << answer;
  EXPECT_EQ(body_of(answer), "too_many_connections");
  EXPECT_NE(answer.find("\r\nRetry-After: "), answer.npos) << answer;
  wait("2");
  wait("9");
  waiting.front().close();
  ASSERT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, --under_way));
  wait("1");
}

}  // namespace
}  // namespace batchd::daemon::test
