// Which host names a TCP client may use for batchd.
#include "daemon/http/host.h"

#include <gtest/gtest.h>

namespace batchd::daemon {
namespace {

TEST(HttpServerHost, TheHostOfAnAuthority) {
  const std::pair<const char*, const char*> table[] = {
      {"localhost", "localhost"},
      {"LocalHost:80", "localhost"},
      {"[::1]:8090", "[::1]"},
      {"[::1]", "[::1]"},
      {"a.example:", "a.example"},
      {"127.0.0.1:1", "127.0.0.1"},
      {"", ""},
      {":80", ""},
      {"a:b", ""},
      {"a:80:90", ""},
      {"[::1]x", ""},
      {"[::1", ""},
      {"[::1]x:1", ""},
      {"a:80 b", ""},
  };
  for (const auto& [authority, host] : table) EXPECT_EQ(host_name(authority), host) << authority;
}

TEST(HttpServerHost, LoopbackTheListenedAndTheConfiguredAreKnown) {
  const KnownHosts hosts("192.168.1.5:8090", {"Batch.Lan", "other.lan:99", ""});
  for (const auto* name : {"localhost", "LOCALHOST:1", "127.0.0.1:8090", "[::1]:8090", "192.168.1.5",
                           "192.168.1.5:8090", "batch.lan:8090", "BATCH.LAN", "other.lan"})
    EXPECT_TRUE(hosts.know(name)) << name;
  for (const auto* name : {"", ":8090", "evil.example", "localhost.evil.example", "evil.example:8090", "127.0.0.1.evil",
                           "127.0.0.2", "192.168.1.50", "a:b", "batch.lan:8090:1", "localhost, evil.example"})
    EXPECT_FALSE(hosts.know(name)) << name;
}

TEST(HttpServerHost, ForeignPagesAreToldApart) {
  struct Case {
    std::vector<std::pair<std::string, std::string>> headers;
    bool cross_site;
  };
  const Case table[] = {
      {{}, false},
      {{{"sec-fetch-site", "same-origin"}}, false},
      {{{"sec-fetch-site", "none"}}, false},
      {{{"sec-fetch-site", "same-site"}}, true},
      {{{"sec-fetch-site", "cross-site"}}, true},
      {{{"sec-fetch-site", ""}}, true},
      {{{"sec-fetch-site", "none"}, {"sec-fetch-site", "cross-site"}}, true},
      {{{"sec-fetch-mode", "cors"}}, false},
      {{{"origin", "http://localhost:8090"}}, false},
      {{{"origin", "https://LocalHost:8090"}}, false},
      {{{"origin", "http://localhost"}}, true},
      {{{"origin", "http://localhost:3000"}}, true},
      {{{"origin", "http://localhost:8090.evil.example"}}, true},
      {{{"origin", "http://evil.example"}}, true},
      {{{"origin", "localhost:8090"}}, true},
      {{{"origin", "null"}}, true},
      {{{"origin", ""}}, true},
      {{{"sec-fetch-site", "same-origin"}, {"origin", "null"}}, true},
  };
  for (const auto& [headers, cross_site] : table) {
    RequestHead head;
    head.headers = headers;
    head.headers.emplace_back("host", "localhost:8090");
    EXPECT_EQ(is_cross_site(head), cross_site) << (headers.empty() ? "" : headers.front().second);
  }
}

}  // namespace
}  // namespace batchd::daemon
