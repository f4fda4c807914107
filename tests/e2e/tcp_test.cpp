// Callers over TCP: a bearer token names an owner, and an owner sees only its own requests; without a token only health
// is answered; no page in a browser gets in under a foreign host name.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "proto/json/base64.h"
#include "tests/e2e/e2e_fixture.h"

namespace batchd::e2e {
namespace {

constexpr const char* kAnn = "token-of-ann-0123456789";
constexpr const char* kAnnsOther = "token-of-ann-abcdefghij";
constexpr const char* kBob = "token-of-bob-0123456789";
constexpr const char* kOps = "token-of-ops-0123456789";

std::string tokens() {
  return std::string("# who may call\nann ") + kAnn + "\nann " + kAnnsOther + "\n\nbob " + kBob + "\nops " + kOps +
         " admin\n";
}

Headers bearer(const char* token) { return {{"Authorization", std::string("Bearer ") + token}}; }

// An address of this host that isn't loopback's: whoever calls it comes from it.
std::optional<in_addr> outer_address() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return std::nullopt;
  std::optional<in_addr> found;
  for (const auto* one = all; one != nullptr && !found; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET || (one->ifa_flags & IFF_LOOPBACK) != 0)
      continue;
    sockaddr_in address{};
    std::memcpy(&address, one->ifa_addr, sizeof address);
    found = address.sin_addr;
  }
  ::freeifaddrs(all);
  return found;
}

// The first line of the answer to a GET of somebody who has no token.
std::string asked_from(in_addr host, std::uint16_t port, const std::string& target) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr = host;
  const timeval patience{20, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto text = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::string answer(4096, '\0');
  ssize_t got = 0;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) > 0)
    got = ::recv(fd, answer.data(), answer.size(), 0);
  ::close(fd);
  answer.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return answer.substr(0, answer.find('\r'));
}

class Tcp : public E2eTest {
 protected:
  void start_with_tokens() {
    start({}, {.tokens = tokens()});
    ASSERT_NE(daemon_->tcp_port(), 0);
  }
  // On a connection of its own. Status 0: no answer.
  HttpReply call(std::string_view method, std::string_view target, std::string_view body, const Headers& headers) {
    LocalHttp http(daemon_->tcp_port());
    return http.call(method, target, body, headers).value_or(HttpReply());
  }
  HttpReply get(std::string_view target, const Headers& headers) { return call("GET", target, {}, headers); }
  std::string post_as(const char* token, const std::string& prompt) {
    const auto reply = call("POST", "/v1/requests", submission(prompt), bearer(token));
    EXPECT_EQ(reply.status, 202) << reply.body;
    return Json(reply.body).text("/id");
  }
};

TEST_F(Tcp, ATokenStandsForItsOwner) {
  start_with_tokens();
  const auto id = post_as(kAnn, "over tcp");
  const auto request = get("/v1/requests/" + id + "?wait=60", bearer(kAnn));
  EXPECT_EQ(answer_text(Json(request.body)), "echo: over tcp");
  EXPECT_EQ(get("/v1/requests/" + id, bearer(kAnnsOther)).status, 200);

  EXPECT_EQ(get("/v1/requests/" + id, bearer(kBob)).status, 404);
  EXPECT_EQ(get("/v1/requests/" + id, bearer(kOps)).status, 404);
  EXPECT_EQ(Json(get("/v1/status", bearer(kAnn)).body).number("/requests/succeeded"), 1);
  EXPECT_EQ(Json(get("/v1/status", bearer(kBob)).body).number("/requests/succeeded"), 0);

  daemon_->restart();
  EXPECT_EQ(answer_text(Json(get("/v1/requests/" + id, bearer(kAnn)).body)), "echo: over tcp");
  EXPECT_EQ(get("/v1/requests/" + id, bearer(kBob)).status, 404);
}

TEST_F(Tcp, UsersOfTheSocketAndOfTokensAreApart) {
  start_with_tokens();
  const auto by_uid = post("by uid");
  const auto by_token = post_as(kAnn, "by token");
  EXPECT_EQ(answer_text(finished(by_uid)), "echo: by uid");
  EXPECT_EQ(answer_text(Json(get("/v1/requests/" + by_token + "?wait=60", bearer(kAnn)).body)), "echo: by token");
  EXPECT_EQ(get("/v1/requests/" + by_uid, bearer(kAnn)).status, 404);
  LocalHttp socket(daemon_->socket());
  const auto seen = socket.get("/v1/requests/" + by_token);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->status, 404);
  // A token in a call on the socket means nothing there.
  const auto still_uid = socket.get("/v1/requests/" + by_token, bearer(kAnn));
  ASSERT_TRUE(still_uid);
  EXPECT_EQ(still_uid->status, 404);
}

TEST_F(Tcp, WithoutATokenThereIsHealthAndNothingElse) {
  start_with_tokens();
  for (const auto& headers : {Headers{}, bearer("token-of-eve-0123456789"), bearer("token-of-ann-012345678"),
                              Headers{{"x-goog-api-key", "nobody-knows-this-one"}}}) {
    for (const auto* target : {"/v1/status", "/v1/requests/0000000000001", "/v1/none", "/"}) {
      const auto reply = get(target, headers);
      EXPECT_EQ(reply.status, 401) << target;
      EXPECT_EQ(reply.header("www-authenticate"), "Bearer");
      EXPECT_EQ(Json(reply.body).text("/code"), "unauthorized");
    }
    const auto posted = call("POST", "/v1/requests", submission("refused"), headers);
    EXPECT_EQ(posted.status, 401);
    const auto admin = get("/admin/status", headers);
    EXPECT_EQ(admin.status, 401);
    EXPECT_EQ(admin.header("www-authenticate"), "Basic realm=\"batchd\"");
    EXPECT_EQ(get("/healthz", headers).status, 200);
    EXPECT_EQ(get("/readyz", headers).status, 200);
  }
  EXPECT_EQ(daemon_->admin_status().number("/accepted"), 0);
}

// Numbers of the machine, and a call that writes to its disk, aren't for everybody on a network.
TEST_F(Tcp, FromAnotherHostThereIsOnlyTheSignOfLife) {
  const auto address = outer_address();
  if (!address) GTEST_SKIP() << "this host has no address but loopback's";
  start({}, {.tokens = tokens(), .config = {{"server.listen", "\"0.0.0.0:0\""}, {"server.allow_remote", "true"}}});
  const auto port = daemon_->tcp_port();
  EXPECT_EQ(asked_from(*address, port, "/healthz"), "HTTP/1.1 200 OK");
  for (const auto* target : {"/metrics", "/readyz"}) {
    EXPECT_EQ(asked_from(*address, port, target), "HTTP/1.1 401 Unauthorized") << target;
    EXPECT_EQ(asked_from({htonl(INADDR_LOOPBACK)}, port, target), "HTTP/1.1 200 OK") << target;
  }
}

TEST_F(Tcp, TheWordAdminMakesAnAdministrator) {
  start_with_tokens();
  EXPECT_EQ(get("/admin/status", bearer(kOps)).status, 200);
  const auto basic = json::base64_encode(std::string("ops:") + kOps);
  EXPECT_EQ(get("/admin/status", {{"Authorization", "Basic " + basic}}).status, 200);
  const auto refused = get("/admin/status", bearer(kAnn));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(Json(refused.body).text("/code"), "not_admin");
}

TEST_F(Tcp, SdksCarryTheTokenAsTheyCarryAKey) {
  start_with_tokens();
  const auto id = post_as(kAnn, "carried");
  EXPECT_EQ(get("/v1/requests/" + id, {{"x-goog-api-key", kAnn}}).status, 200);
  EXPECT_EQ(get("/v1/requests/" + id + "?key=" + kAnn, {}).status, 200);
  EXPECT_EQ(get("/v1/requests/" + id, {{"x-goog-api-key", kBob}}).status, 404);
  EXPECT_EQ(get("/v1/requests/" + id + "?key=" + kBob, {}).status, 404);
}

TEST_F(Tcp, AForeignHostIsRefused) {
  start({}, {.tokens = tokens(), .config = {{"server.hosts", "\"batch.lan, other.lan\""}}});
  auto headers = bearer(kAnn);
  headers.emplace_back("Host", "");
  const std::pair<const char*, int> table[] = {
      {"evil.example", 421},   {"evil.example:80", 421}, {"localhost:1", 200},    {"127.0.0.1", 200},
      {"batch.lan:8090", 200}, {"Other.Lan", 200},       {"batch.lan.evil", 421}, {"[::1]", 200}};
  for (const auto& [host, status] : table) {
    headers.back().second = host;
    EXPECT_EQ(get("/v1/status", headers).status, status) << host;
    EXPECT_EQ(get("/healthz", {{"Host", host}}).status, status) << host;
  }
  LocalHttp socket(daemon_->socket());
  const auto free = socket.get("/healthz", {{"Host", "evil.example"}});
  ASSERT_TRUE(free);
  EXPECT_EQ(free->status, 200);
}

TEST_F(Tcp, NoTokenIsWrittenAnywhere) {
  start_with_tokens();
  const auto id = post_as(kAnn, "quiet");
  EXPECT_EQ(get("/v1/requests/" + id + "?wait=60&key=" + kAnn, {}).status, 200);
  EXPECT_EQ(get("/v1/none?key=" + std::string(kAnn), {}).status, 404);
  EXPECT_EQ(get("/v1/none?key=a-wrong-token-0123456789", {}).status, 401);
  const auto status = get("/admin/status", bearer(kOps)).body;
  EXPECT_EQ(daemon_->stop(), 0);
  auto written = daemon_->log() + status + read_file(daemon_->database()) + read_file(daemon_->database() + "-wal");
  for (const auto* secret : {kAnn, kAnnsOther, kBob, kOps, "a-wrong-token"})
    EXPECT_EQ(written.find(secret), std::string::npos) << secret;
}

// Whoever waits when a token is taken away would else go on as its owner for as long as it likes.
TEST_F(Tcp, ATokenThatIsTakenAwayEndsItsWaits) {
  start({}, {.tokens = tokens(), .config = {{"packing.max_age", "\"1h\""}}});
  const auto id = post_as(kAnn, "waits");
  LocalHttp stream(daemon_->tcp_port()), held(daemon_->tcp_port()), kept(daemon_->tcp_port());
  const auto events = [](const char* token) {
    auto headers = bearer(token);
    headers.emplace_back("Accept", "text/event-stream");
    return headers;
  };
  ASSERT_TRUE(stream.send("GET", "/v1/results", {}, events(kAnn)));
  ASSERT_TRUE(held.send("GET", "/v1/requests/" + id + "?wait=600", {}, bearer(kAnn)));
  ASSERT_TRUE(kept.send("GET", "/v1/results", {}, events(kBob)));
  for (auto* one : {&stream, &kept}) {
    const auto head = one->receive_head();
    ASSERT_TRUE(head);
    EXPECT_EQ(head->status, 200);
    ASSERT_TRUE(one->read_until("retry: 1000\n\n"));
  }
  write_file(daemon_->tokens_file(), std::string("bob ") + kBob + "\nops " + kOps + " admin\n");
  daemon_->process().kill(SIGHUP);
  const auto rest = stream.read_until("\n\n");
  ASSERT_TRUE(rest) << "still open, or cut";
  EXPECT_EQ(*rest, "");
  const auto answer = held.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(Json(answer->body).text("/code"), "unauthorized");
  // Bob's token is the same: his stream shows what comes.
  EXPECT_EQ(call("POST", "/v1/requests", submission("for bob"), bearer(kBob)).status, 202);
  EXPECT_EQ(call("POST", "/admin/lanes/flush", {}, bearer(kOps)).status, 200);
  const auto shown = kept.read_until("echo: for bob");
  ASSERT_TRUE(shown);
  EXPECT_NE(shown->find("echo: for bob"), std::string::npos);
}

TEST_F(Tcp, ANewKeyIsReadThoughTheTokensAreRefused) {
  start_with_tokens();
  write_file(daemon_->tokens_file(), tokens() + "eve secret-of-eve\n");
  write_file(folder_.file("key"), "another-key");
  daemon_->process().kill(SIGHUP);
  const auto read_again = [&] {  // it was read once at the start
    const auto log = daemon_->log();
    return log.rfind("key_read account=default") != log.find("key_read account=default");
  };
  ASSERT_TRUE(eventually(read_again)) << daemon_->log();
  EXPECT_NE(daemon_->log().find("reload_refused"), std::string::npos);
  EXPECT_EQ(daemon_->log().find("reloaded"), std::string::npos);
}

TEST_F(Tcp, AnUnusableTokensFileIsAReasonNotToStart) {
  start_with_tokens();
  EXPECT_EQ(daemon_->stop(), 0);
  const auto fails_to_start = [&] {
    EXPECT_THROW(daemon_->start(), std::runtime_error);
    EXPECT_EQ(daemon_->process().wait(), 78);
  };
  write_file(daemon_->tokens_file(), tokens() + "eve secret-of-eve\n");
  fails_to_start();
  EXPECT_NE(daemon_->log().find("line 7"), std::string::npos) << daemon_->log();
  EXPECT_EQ(daemon_->log().find("secret-of-eve"), std::string::npos);
  write_file(daemon_->tokens_file(), tokens());
  std::filesystem::permissions(daemon_->tokens_file(), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  fails_to_start();
  std::filesystem::permissions(daemon_->tokens_file(), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::remove);
  daemon_->start();
  EXPECT_EQ(get("/v1/status", bearer(kBob)).status, 200);
}

}  // namespace
}  // namespace batchd::e2e
