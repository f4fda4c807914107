#include "config/reload.h"

#include <gtest/gtest.h>

#include "config/keys.h"

namespace batchd::config {
namespace {

using Names = std::vector<std::string>;

Config parsed(const std::string& toml) { return parse(toml, "test", {}, kAnyKind); }

TEST(ChangedKeys, NamesEachOnce) {
  const auto a = parsed("[packing]\nmax_age = \"10s\"\n[packing.\"m\"]\nmax_items = 5\n");
  EXPECT_EQ(changed_keys(a, a), Names());
  auto b = parsed("[packing]\nmax_age = \"20s\"\n[packing.\"m\"]\nmax_items = 5\nmax_age = \"10s\"\n");
  EXPECT_EQ(changed_keys(a, b), Names{"packing.max_age"});
  b.packing.models.begin()->second.items = 6;
  b.server.socket = "/elsewhere";
  EXPECT_EQ(changed_keys(a, b), (Names{"packing.m.max_items", "packing.max_age", "server.socket"}));
  EXPECT_EQ(changed_keys(b, a), changed_keys(a, b));
}

TEST(ChangedKeys, AnAccountThatOnlyOneHasIsNamedAsAWhole) {
  const auto a = parsed(""), b = parsed("[accounts.default]\n[accounts.second]\nmax_jobs = 3\n");
  EXPECT_EQ(changed_keys(a, b), Names{"accounts.second"});
  EXPECT_EQ(changed_keys(b, a), Names{"accounts.second"});
}

TEST(TakeOver, LeavesWhatNeedsARestart) {
  auto running = parsed("");
  const auto fresh = parsed(R"(
[server]
socket = "/run/other.sock"
tokens_file = "/etc/tokens"
heartbeat = "3s"
interim = "4s"
[store]
path = "/elsewhere/x.db"
disk_floor = "1MiB"
[accounts.default]
base_url = "https://example.org"
api_key_file = "/etc/key"
max_jobs = 7
[packing]
max_age = "5s"
[packing."m"]
max_items = 2
[budget]
max_enqueued_tokens = 99
[submission]
quarantine = "1m"
concurrency = 9
[polling]
max = "9m"
[retry]
max_attempts = 8
[retention]
results = "1h"
reattach_grace = "5m"
[limits]
max_queued_requests = 3
max_connections = 5
[log]
level = "debug"
)");
  take_over(running, fresh);
  EXPECT_EQ(changed_keys(running, fresh), (Names{"accounts.default.base_url", "server.socket", "store.path"}));
  EXPECT_EQ(running.limits.max_connections, 5);
  EXPECT_EQ(running.submission.concurrency, 9);
  EXPECT_EQ(running.packing.of("m").items, 2);
  EXPECT_EQ(running.packing.of("other").max_age, seconds(5));
  EXPECT_EQ(running.accounts.at("default").budget().jobs, 7);
  EXPECT_EQ(running.limits.max_queued_requests, 3);
  EXPECT_EQ(running.server.heartbeat, seconds(3));
  EXPECT_EQ(running.server.interim, seconds(4));
  EXPECT_EQ(running.retention.reattach_grace, minutes(5));
  EXPECT_EQ(running.log.level, LogLevel::debug);
}

// Nothing is forgotten silently.
TEST(TakeOver, EveryKeyIsTakenOverOrNamed) {
  const Config running;
  Config sized;
  for (std::size_t section = 0; section < sections_of(sized).size(); ++section) {
    Config counting;
    const auto keys = sections_of(counting)[section].keys.size();
    for (std::size_t key = 0; key < keys; ++key) {
      Config fresh;
      const auto sections = sections_of(fresh);
      auto* size = std::get_if<CountSlot>(&sections[section].keys[key].slot);
      if (size == nullptr) continue;
      *size->value += 1;
      const auto name = std::string(sections[section].name) + '.' + std::string(sections[section].keys[key].name);
      Config copy = running;
      take_over(copy, fresh);
      const auto left = changed_keys(copy, fresh);
      EXPECT_TRUE(left.empty() || left == Names{name}) << name;
      EXPECT_EQ(changed_keys(running, fresh), Names{name});
    }
  }
}

}  // namespace
}  // namespace batchd::config
