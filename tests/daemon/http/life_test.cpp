// Identifying callers, hang-ups, limits, the socket's file, and the stop of a server.
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "tests/daemon/http/fixture.h"

namespace batchd::daemon::test {
namespace {

class HttpServerLifeTest : public HttpServerFixture {
 protected:
  // What `uid` with these groups is told about itself.
  std::string peer_seen_as(uid_t uid, gid_t gid, const std::vector<gid_t>& groups) const;
};

std::string HttpServerLifeTest::peer_seen_as(uid_t uid, gid_t gid, const std::vector<gid_t>& groups) const {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) return "pipe";
  const auto child = ::fork();
  if (child == 0) {
    if (::setgroups(groups.size(), groups.data()) != 0 || ::setgid(gid) != 0 || ::setuid(uid) != 0) ::_exit(1);
    auto client = RawSocket::unix_client(config_.socket_path);
    client.send("GET /peer HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto seen = client.connected() ? body_of(client.read_answer()) : "refused";
    const auto written = ::write(pipe_ends[1], seen.data(), seen.size());
    ::_exit(written == std::ssize(seen) ? 0 : 1);
  }
  ::close(pipe_ends[1]);
  std::string seen(256, '\0');
  const auto got = ::read(pipe_ends[0], seen.data(), seen.size());
  seen.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  ::close(pipe_ends[0]);
  ::waitpid(child, nullptr, 0);
  return seen;
}

TEST_F(HttpServerLifeTest, ThePeersUidOwnsItsRequests) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
  const auto* group = ::getgrnam("users");
  ASSERT_NE(group, nullptr);
  config_.admin_group = "users";
  config_.socket_mode = 0666;
  start();
  EXPECT_EQ(peer_seen_as(0, 0, {}), "1 admin");
  EXPECT_EQ(peer_seen_as(12345, 12345, {}), "12346 user");
  EXPECT_EQ(peer_seen_as(12346, 12345, {54321}), "12347 user");
  EXPECT_EQ(peer_seen_as(12345, group->gr_gid, {}), "12346 admin");
  std::vector<gid_t> many(200, 54321);
  many.push_back(group->gr_gid);
  EXPECT_EQ(peer_seen_as(12345, 12345, many), "12346 admin");
}

TEST_F(HttpServerLifeTest, TheSocketHasItsModeAndStrangersAreKeptOut) {
  config_.socket_mode = 0600;
  start();
  struct stat info {};
  ASSERT_EQ(::stat(config_.socket_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  if (::geteuid() == 0) {
    EXPECT_EQ(peer_seen_as(12345, 12345, {}), "refused");
  }
}

TEST_F(HttpServerLifeTest, AHalfClosedClientStillGetsItsAnswer) {
  start();
  auto client = server_->connect();
  client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  client.finish_sending();
  EXPECT_EQ(body_of(client.read_to_end()), "later");
}

TEST_F(HttpServerLifeTest, AHangUpIsNoticedEvenBehindAHalfCloseOrAPipelinedRequest) {
  start();
  for (const bool half_closes : {false, true}) {
    for (const std::string next : {"", "GET /path HTTP/1.1\r\n"}) {
      auto held = server_->next_event();
      auto client = server_->connect();
      client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n" + next);
      ASSERT_EQ(held.wait_for(std::chrono::seconds(kPatienceSeconds)), std::future_status::ready);
      client.send(next);
      if (half_closes) client.finish_sending();
      // Neither is a hang-up: it must still be held after the server has had its turns.
      for (int turn = 0; turn < 20; ++turn) ASSERT_EQ(server_->ask(&HttpServer::exchanges_under_way), 1);
      client.close();
      EXPECT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 0));
    }
  }
}

TEST_F(HttpServerLifeTest, WaitingForAHangUpDoesNotSpin) {
  start();
  auto held = server_->next_event();
  auto client = server_->connect();
  client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /pending HTTP/1.1\r\n");
  client.finish_sending();
  ASSERT_EQ(held.wait_for(std::chrono::seconds(kPatienceSeconds)), std::future_status::ready);
  EXPECT_TRUE(server_->rests()) << "it works while nothing happens";
}

// To epoll urgent data is as exceptional as a hang-up.
TEST_F(HttpServerLifeTest, UrgentDataDoesNotMakeAWaitSpin) {
  start();
  auto client = server_->connect();
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 1));
  if (::send(client.fd(), "!", 1, MSG_OOB | MSG_NOSIGNAL) != 1) GTEST_SKIP() << "no urgent data on Unix sockets here";
  EXPECT_TRUE(server_->rests()) << "it works while nothing happens";
  EXPECT_EQ(server_->ask(&HttpServer::exchanges_under_way), 1);
  client.close();
  EXPECT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 0));
}

TEST_F(HttpServerLifeTest, ClosingTheListenerEndsIdleConnectionsAndLetsExchangesFinish) {
  start();
  auto idle = server_->connect();
  idle.send("GET /path?q=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(body_of(idle.read_answer()), "1");
  auto busy = server_->connect();
  busy.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /path HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(server_->becomes(&HttpServer::exchanges_under_way, 1));
  server_->close_listener();
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(body_of(busy.read_to_end()), "later");
  EXPECT_TRUE(server_->served());
  EXPECT_FALSE(server_->connect().connected());
  struct stat info {};
  EXPECT_NE(::lstat(config_.socket_path.c_str(), &info), 0) << "the socket's file is still there";
}

TEST_F(HttpServerLifeTest, ATerminalCancellationCutsWhatIsUnderWay) {
  start();
  auto held = server_->next_event();
  auto client = server_->connect();
  client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(held.wait_for(std::chrono::seconds(kPatienceSeconds)), std::future_status::ready);
  server_->cancel(asio::cancellation_type::total);
  server_->cancel(asio::cancellation_type::terminal);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(server_->served());
}

TEST_F(HttpServerLifeTest, AStaleSocketIsReplacedALiveOneIsNot) {
  {
    const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    config_.socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(stale);
  }
  start();
  const auto second = make();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, core::Errc::locked);
  auto client = server_->connect();
  client.send("GET /path?q=alive HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "alive");
}

TEST_F(HttpServerLifeTest, PathsThatCantBeASocketAreRefused) {
  std::ofstream(config_.socket_path) << "precious";
  EXPECT_EQ(make().error().code, core::Errc::invalid);
  std::string kept;
  std::ifstream(config_.socket_path) >> kept;
  EXPECT_EQ(kept, "precious");
  const auto good = config_.socket_path;
  config_.socket_path = folder_ + "/missing/s.sock";
  EXPECT_EQ(make().error().code, core::Errc::invalid);
  config_.socket_path = folder_ + "/" + std::string(108, 'l');
  EXPECT_EQ(make().error().code, core::Errc::invalid);
  config_.socket_path = folder_ + "/t.sock";
  config_.admin_group = "no-such-group-here";
  EXPECT_EQ(make().error().code, core::Errc::invalid);
  config_.socket_path = good;
}

}  // namespace
}  // namespace batchd::daemon::test
