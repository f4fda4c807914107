// A key is seen by the host of its own account only: one daemon, accounts of three kinds whose keys come from all
// places that there are, and hosts that write down all that they are sent, and try to send the daemon elsewhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/daemon/kinds/hosts.h"
#include "tests/harness/json.h"
#include "tests/harness/local_http.h"
#include "tests/harness/process.h"
#include "tests/harness/temp_folder.h"

namespace batchd::daemon::testing {
namespace {

using namespace harness;

constexpr Milliseconds kAllFaults = std::chrono::seconds(200);  // the patience with one test

// Short, so that a test waits for events only. But jobs are surveyed once, at the start: a daemon whose requests have
// all been answered makes no calls.
constexpr std::string_view kKeysTimes = R"(
[packing]
max_items = 1
max_age = "10ms"
[submission]
quarantine = "100ms"
throttle_first = "20ms"
throttle_max = "50ms"
reconcile_first = "20ms"
reconcile_max = "50ms"
fence_pause = "20ms"
relist_pause = "20ms"
sweep_every = "1h"
[polling]
first = "30ms"
max = "100ms"
[retry]
max_attempts = 100
first = "5ms"
max = "30ms"
[log]
level = "debug"
)";

using Ids = std::vector<std::string>;

class Keys : public ::testing::Test {
 protected:
  void TearDown() override {
    if (HasFailure()) folder_.keep();
  }

  void start(bool troubles) {
    hosts_.emplace(troubles);
    write_file(folder_.file("files.key"), kFileKey + "\n");
    for (const auto* name : {"credentials", "state"}) std::filesystem::create_directories(folder_.file(name));
    std::filesystem::permissions(folder_.file("state"), std::filesystem::perms::owner_all);
    write_file(folder_.file("credentials/post.api_key"), kCredentialKey + "\n");
    write_file(folder_.file("credentials/gemini_api_key"), kSharedKey);
    write_file(folder_.file("batchd.toml"), config());
    daemon_.emplace(Process::start({.binary = TEST_KINDS_BINARY,
                                    .arguments = {"--config", folder_.file("batchd.toml")},
                                    .environment = {{"BATCHD_ACCOUNTS__PLACE__API_KEY", kVariableKey},
                                                    {"BATCHD_GEMINI_API_KEY", kUnusedKey},
                                                    {"CREDENTIALS_DIRECTORY", folder_.file("credentials")}},
                                    .output = folder_.file("batchd.log"),
                                    .input = {},
                                    .sockets = {}}));
    const auto up = [&] { return get("/readyz").valid() || !daemon_->running(); };
    ASSERT_TRUE(eventually(up) && daemon_->running()) << log();
  }

  std::string config() {
    auto toml = "[server]\nallow_mapped_uids = true\nsocket = " + json_text(folder_.file("s")) +
                "\n[store]\npath = " + json_text(folder_.file("state/batchd.db")) + '\n';
    for (const auto& host : hosts_->all()) {
      toml += "[accounts." + host.account + "]\nkind = " + json_text(host.vendor.name) +
              "\nbase_url = " + json_text(host.upstream->base_url()) + '\n';
      if (host.key == kFileKey) toml += "api_key_file = " + json_text(folder_.file("files.key")) + '\n';
    }
    return toml + std::string(kKeysTimes);
  }

  std::string log() const { return read_file(folder_.file("batchd.log")); }
  Json get(const std::string& target) {
    const auto reply = http_.get(target);
    return Json(reply && reply->status == 200 ? reply->body : "");
  }

  // Posts so many requests to each account. Returns the ids of those that will have an answer, since there is a key.
  // Each has a lane of its own: what a 429 teaches about a lane keeps no other request waiting.
  Ids post(int count) {
    Ids ids;
    for (const auto& host : hosts_->all())
      for (int i = 0; i < count; ++i) {
        const auto reply = http_.post(
            "/v1/requests", "{\"account\":" + json_text(host.account) +
                                ",\"model\":" + json_text(host.vendor.lane.model + std::to_string(++posted_)) +
                                R"(,"request":{"contents":[{"parts":[{"text":"hello"}]}]}})");
        EXPECT_TRUE(reply && reply->status == 202) << (reply ? reply->body : "no answer");
        if (reply && !host.key.empty()) ids.push_back(Json(reply->body).text("/id"));
      }
    return ids;
  }

  // Waits, until the test has taken too long, and meanwhile does what operators do. Returns false at once if a call
  // went astray.
  bool comes(const std::function<bool()>& happened) {
    const auto look = [&] {
      settle_held();
      return hosts_->astray() || happened();
    };
    const auto left = deadline_ - std::chrono::steady_clock::now();
    return eventually(look, std::chrono::duration_cast<Milliseconds>(left)) && !hosts_->astray();
  }

  void settle_held() {
    for (const auto& item : get("/admin/attention").items("/items")) {
      if (item.text("/kind") != "held_batch") continue;
      const auto batch = item.text("/batch");
      const auto job = hosts_->job_of(batch);
      const auto path = "/admin/batches/" + batch;
      const auto reply = job.empty() ? http_.post(path + "/requeue", "")
                                     : http_.post(path + "/adopt", "{\"job\":" + json_text(job) + "}");
      EXPECT_TRUE(reply && reply->status == 200) << (reply ? reply->body : "no answer");
    }
  }

  bool all_submitted(const Ids& ids) {
    return std::ranges::all_of(ids, [&](const std::string& id) {
      const auto batch = get("/v1/requests/" + id).text("/batch");
      return !batch.empty() && get("/admin/batches/" + batch).text("/state") == "submitted";
    });
  }

  // Ends all jobs until every request has its answer.
  bool all_answered(Ids ids) {
    return comes([&] {
      hosts_->end_jobs();
      std::erase_if(ids, [&](const std::string& id) { return get("/v1/requests/" + id).has("/response/echo"); });
      return ids.empty();
    });
  }

  // Looks at the calls that came to a host, from one to another of them.
  static void expect_own_key(const Host& host, const std::string& key, std::size_t from = 0,
                             std::size_t to = std::string::npos) {
    const auto seen = host.upstream->seen();
    to = std::min(to, seen.size());
    EXPECT_EQ(from < to, !key.empty()) << host.account << " was called " << to - from << " times";
    for (auto i = from; i < to; ++i) {
      const auto wrong = wrong_with(seen[i], host, key);
      ASSERT_EQ(wrong, "");  // one of them shows what is wrong
    }
  }

  void expect_no_key_in_the_log() const {
    const auto text = log();
    for (const auto& key : kAllKeys) EXPECT_EQ(text.find(key), std::string::npos) << key;
  }

  TempFolder folder_;
  std::optional<Hosts> hosts_;
  std::optional<Process> daemon_;
  LocalHttp http_{folder_.file("s")};
  const SteadyTime deadline_ = std::chrono::steady_clock::now() + kAllFaults;
  int posted_ = 0;
};

TEST_F(Keys, NoAnswerSendsAKeyToAnotherHost) {
  start(true);
  // So many that each kind of call meets all faults: some of them do what was asked, and the next call is another's.
  const auto kept = post(4);
  const auto dropped = post(4);
  EXPECT_TRUE(comes([&] { return all_submitted(dropped); })) << hosts_->faults_met();
  for (const auto& id : dropped) {
    const auto reply = http_.call("DELETE", "/v1/requests/" + id);
    EXPECT_TRUE(reply && reply->status == 200) << (reply ? reply->body : "no answer");
  }
  EXPECT_TRUE(comes([&] { return hosts_->met_all("cancel") && hosts_->met_all("poll"); })) << hosts_->faults_met();
  EXPECT_TRUE(all_answered(kept)) << hosts_->faults_met();
  EXPECT_TRUE(comes([&] { return hosts_->met_all(); })) << hosts_->faults_met();
  for (const auto& host : hosts_->all()) expect_own_key(host, host.key);
  expect_no_key_in_the_log();
}

TEST_F(Keys, ANewOneIsSeenWhereTheOldOneWas) {
  start(false);
  constexpr int each = 2;
  EXPECT_TRUE(all_answered(post(each))) << log();
  auto& files = hosts_->of("files");
  // The deletion of an input file is the last call that is made for a batch: now none is under way with the old key.
  EXPECT_TRUE(comes([&] {
    return std::ranges::count(files.upstream->seen(), "DELETE", &Upstream::Seen::method) == each;
  })) << log();
  const auto before = files.upstream->seen().size();
  files.upstream->between_calls([&] { files.key = kNewFileKey; });
  write_file(folder_.file("files.key"), kNewFileKey);
  daemon_->kill(SIGHUP);
  EXPECT_TRUE(comes([&] { return log().find("reloaded") != std::string::npos; })) << log();
  EXPECT_TRUE(all_answered(post(each))) << log();
  expect_own_key(files, kFileKey, 0, before);
  expect_own_key(files, kNewFileKey, before);
  for (const auto& host : hosts_->all())
    if (&host != &files) expect_own_key(host, host.key);
  expect_no_key_in_the_log();
}

}  // namespace
}  // namespace batchd::daemon::testing
