#include "ctl/link/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "ctl/console/exit_code.h"
#include "ctl/link/session.h"
#include "tests/ctl/fake_server.h"

namespace batchd::ctl {
namespace {

Call get_call(const std::string& target) {
  return {.method = "GET", .target = target, .timeout = std::chrono::seconds(10)};
}

Trouble::Kind trouble_of(const Reply& reply) {
  const auto* trouble = std::get_if<Trouble>(&reply);
  EXPECT_NE(trouble, nullptr);
  return trouble ? trouble->kind : Trouble::Kind::broken;
}

TEST(Client, NobodyThereIsNotRunning) {
  Client client({.socket = "/tmp/no-such-folder/no-such-socket"});
  EXPECT_EQ(trouble_of(client.call(get_call("/"))), Trouble::Kind::not_running);
}

// What a daemon leaves behind that was killed.
TEST(Client, AFileThatNobodyListensOnIsNotRunning) {
  const auto folder = temporary_folder();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = folder + "/s";
  path.copy(address.sun_path, path.size());
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(left, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address), 0);
  ::close(left);
  Client client({.socket = path});
  EXPECT_EQ(trouble_of(client.call(get_call("/"))), Trouble::Kind::not_running);
  std::filesystem::remove_all(folder);
}

TEST(Client, AClosedSocketIsNoPermission) {
  FakeServer server([](const auto&) { return http_answer(200, ""); });
  ASSERT_EQ(::chmod(server.path().c_str(), 0), 0);
  if (::access(server.path().c_str(), W_OK) == 0) {
    // Root may always connect: the other uid's view needs a child that is nobody.
    ASSERT_EQ(::chmod(server.folder().c_str(), 0755), 0);
    const auto child = ::fork();
    if (child == 0) {
      if (::setuid(65534) != 0) ::_exit(99);
      Client client({.socket = server.path()});
      const auto reply = client.call(get_call("/"));
      const auto* trouble = std::get_if<Trouble>(&reply);
      ::_exit(trouble && trouble->kind == Trouble::Kind::no_permission ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 99) GTEST_SKIP() << "may not become another user here";
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return;
  }
  Client client({.socket = server.path()});
  EXPECT_EQ(trouble_of(client.call(get_call("/"))), Trouble::Kind::no_permission);
}

TEST(Client, SilenceIsNotAnswering) {
  FakeServer server([](const auto&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"); });
  Client client({.socket = server.path()});
  auto call = get_call("/");
  call.timeout = std::chrono::milliseconds(200);
  EXPECT_EQ(trouble_of(client.call(call)), Trouble::Kind::not_answering);
}

TEST(Client, AnswersAreReadWhateverTheirShape) {
  const struct {
    std::string bytes;
    int status;
    std::string body;
  } cases[] = {
      {http_answer(200, "hello"), 200, "hello"},
      {http_answer(202, ""), 202, ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, "abcde"},
      {"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + http_answer(200, "late"), 200, "late"},
      {http_answer(200, std::string(3 << 20, 'x')), 200, std::string(3 << 20, 'x')},
      {http_answer(503, "busy", "Retry-After: 7\r\nConnection: close\r\n"), 503, "busy"},
  };
  for (const auto& c : cases) {
    FakeServer server([&](const auto&) { return c.bytes; });
    Client client({.socket = server.path()});
    const auto reply = client.call(get_call("/x"));
    const auto* answer = std::get_if<Answer>(&reply);
    ASSERT_NE(answer, nullptr) << std::get<Trouble>(reply).detail;
    EXPECT_EQ(answer->status, c.status);
    EXPECT_EQ(answer->body, c.body);
    EXPECT_EQ(answer->retry_after_seconds, c.status == 503 ? 7 : 0);
  }
}

TEST(Client, BrokenAnswersAreTold) {
  for (const std::string& bytes : {std::string(), std::string("SSH-2.0-OpenSSH\r\n\r\n")}) {
    FakeServer server([&](const auto&) { return bytes; });
    Client client({.socket = server.path()});
    EXPECT_EQ(trouble_of(client.call(get_call("/"))), Trouble::Kind::broken);
  }
}

TEST(Client, AKeptConnectionThatDiedIsReplacedOnlyForRepeatableCalls) {
  std::atomic<int> count = 0;
  FakeServer server([&](const auto&) { return ++count == 2 || count == 5 ? std::string() : http_answer(200, "ok"); });
  Client client({.socket = server.path()});
  ASSERT_TRUE(std::holds_alternative<Answer>(client.call(get_call("/1"))));
  EXPECT_TRUE(std::holds_alternative<Answer>(client.call(get_call("/2")))) << "closed at 2, sent again as 3";
  EXPECT_TRUE(std::holds_alternative<Answer>(client.call(get_call("/3"))));
  auto once = get_call("/4");
  once.repeatable = false;
  EXPECT_EQ(trouble_of(client.call(once)), Trouble::Kind::broken);
  EXPECT_EQ(count, 5);
}

TEST(Patience, BusyDaemonsAreAskedAgainAndOthersAreNot) {
  std::atomic<int> count = 0;
  FakeServer server([&](const auto&) { return ++count < 3 ? http_answer(503, "{}") : http_answer(202, "{}"); });
  Session session({.socket = server.path()}, false);
  auto reply = call_patiently(session, get_call("/"));
  EXPECT_EQ(std::get<Answer>(reply).status, 202);
  EXPECT_EQ(count, 3);

  Session nowhere({.socket = "/tmp/no-such-folder/s"}, false);
  EXPECT_EQ(trouble_of(call_patiently(nowhere, get_call("/"))), Trouble::Kind::not_running);
}

TEST(ExitCodes, FollowTheStatus) {
  const std::pair<int, int> cases[] = {{200, kDone},     {202, kDone},     {400, kBadInput},     {404, kBadInput},
                                       {409, kBadInput}, {422, kBadInput}, {403, kNoPermission}, {429, kTryLater},
                                       {503, kTryLater}, {507, kTryLater}, {500, kUnavailable}};
  for (const auto& [status, code] : cases) EXPECT_EQ(exit_code_of_status(status), code) << status;
}

}  // namespace
}  // namespace batchd::ctl
