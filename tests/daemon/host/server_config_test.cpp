// How the configuration and the limits of the process determine the server's settings.
#include "daemon/host/server_config.h"
#include "daemon/api/bulk.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/json/digest.h"

namespace batchd::daemon {
namespace {

TEST(ServerConfig, OnlyBulkMayBeChunked) {
  struct Case {
    const char *method, *path, *type;
    bool bulk;
  };
  const Case table[] = {
      {"POST", "/v1/requests", "application/jsonl", true},
      {"POST", "/v1/requests", "Application/X-NDJSON; charset=utf-8", true},
      {"POST", "/v1/requests", "application/jsonl;q=1", true},
      {"POST", "/v1/requests", "application/json", false},
      {"POST", "/v1/requests", "application/jsonlines", false},
      {"POST", "/v1/requests", "", false},
      {"GET", "/v1/requests", "application/jsonl", false},
      {"POST", "/v1/requests/", "application/jsonl", false},
      {"POST", "/v1/results/ack", "application/jsonl", false},
  };
  for (const auto& [method, path, type, bulk] : table) {
    RequestHead head;
    head.method = method;
    head.path = path;
    head.headers = {{"content-type", type}};
    EXPECT_EQ(is_bulk(head), bulk) << method << ' ' << path << ' ' << type;
  }
}

TEST(ServerConfig, FromTheConfigurationAndTheTokens) {
  config::Config config;
  config.server.listen = "127.0.0.1:8090";
  config.server.hosts = " a.lan,b.lan , ,c.lan";
  config.limits.owner_share = 30;
  BearerTokens tokens;
  const auto made = server_config(config, tokens, 1000);
  EXPECT_EQ(made.hosts, (std::vector<std::string>{"a.lan", "b.lan", "c.lan"}));
  EXPECT_EQ(made.connections.connections_max, 1000);
  EXPECT_EQ(made.connections.owner_connections_max, 300);
  EXPECT_EQ(connection_limits(config, 1).owner_connections_max, 1);

  // What is put in force later counts, too.
  RequestHead head;
  head.headers = {{"x-goog-api-key", "token-0123456789"}};
  EXPECT_FALSE(made.authenticate(head));
  tokens.replace({{json::sha256("token-0123456789"), Peer{core::OwnerId{7}, false, true}}});
  ASSERT_TRUE(made.authenticate(head));
  EXPECT_EQ(made.authenticate(head)->owner, core::OwnerId{7});
}

// In a child, whose limits are its own: what fits, or -1.
int fit_with(rlim_t soft, rlim_t hard, std::int64_t wanted) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const auto child = ::fork();
  if (child == 0) {
    const rlimit limit{soft, hard};
    int fit = -1;
    rlimit after{};
    if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) fit = connections_that_fit(wanted);
    if (::getrlimit(RLIMIT_NOFILE, &after) != 0 || after.rlim_cur != hard) fit = -1;
    const auto written = ::write(ends[1], &fit, sizeof fit);
    ::_exit(written == sizeof fit ? 0 : 1);
  }
  ::close(ends[1]);
  int fit = -1;
  if (::read(ends[0], &fit, sizeof fit) != sizeof fit) fit = -1;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return fit;
}

TEST(ServerConfig, ConnectionsFitBelowTheLimitOfDescriptors) {
  EXPECT_EQ(fit_with(100, 500, 300), 300);
  EXPECT_EQ(fit_with(100, 500, 436), 436);
  EXPECT_EQ(fit_with(100, 500, 437), 436);
  EXPECT_EQ(fit_with(500, 500, 10'000), 436);
  EXPECT_EQ(fit_with(50, 50, 10'000), 1);
}

}  // namespace
}  // namespace batchd::daemon
