// Every fault of the emulator at once, each with a small probability, and kill -9 at moments that the seed chooses: at
// the end every request has the answer to its own prompt, and none was paid for twice.
//
// The provider reads a job's input at its create, or when it starts. With the first a job may exist that a list which
// lags doesn't show yet and that no deletion of its input stops: lists don't lag then.
//
// BATCHD_E2E_SEEDS sets the number of mixtures, BATCHD_E2E_REQUESTS that of requests in each (tests/harness/size.h).
#include <algorithm>
#include <cstdio>
#include <random>
#include <set>
#include <thread>

#include "tests/e2e/judged.h"
#include "tests/e2e/many_posts.h"

namespace batchd::e2e {
namespace {

constexpr Milliseconds kPatience{150'000};

// About one call in seven is struck, one line in eight and every other job.
std::string_view probability_of(std::string_view on) {
  if (on == "line") return R"("probability":0.004,"first_attempt_only":true)";
  if (on == "job") return R"("probability":0.03)";
  return R"("probability":0.0015)";
}

// Money is lost in these whatever batchd does; faults_test.cpp has them one by one. Swapped answers nobody can see.
bool costs_anyway(const ListedFault& fault) {
  return (fault.action == "execute_twice" && (fault.on == "any" || fault.on == "create")) ||
         (fault.action == "lose_file" && fault.on == "download") || fault.action == "swap_answers";
}

struct Kind {
  int seed;
  std::string input_read;
};

// Each seed with both, or as many with one each.
std::vector<Kind> kinds() {
  std::vector<Kind> all;
  const int seeds = harness::size_of("BATCHD_E2E_SEEDS", 2, 10);
  for (int seed = 1; seed <= seeds; ++seed)
    for (const std::string input_read : {"start", "create"})
      if (seeds > 2 || (seed % 2 == 0) == (input_read == "create")) all.push_back({seed, input_read});
  return all;
}

// What is long in the list is cut to a test's length. The result is a fault file.
std::string mixture(const Kind& kind) {
  const int seed = kind.seed;
  auto faults = listed_faults();
  std::erase_if(faults, costs_anyway);
  if (kind.input_read == "create") std::erase_if(faults, [](const auto& fault) { return fault.action == "list_lag"; });
  std::mt19937 dice(static_cast<unsigned>(seed));
  std::shuffle(faults.begin(), faults.end(), dice);
  // The first rule that matches wins: what strikes any call mustn't come before the others.
  std::stable_partition(faults.begin(), faults.end(), [](const auto& fault) { return fault.on != "any"; });
  std::string rules;
  for (const auto& fault : faults) {
    auto rule = with_members(fault.rule, probability_of(fault.on));
    if (fault.action == "endless") rule = with_members(rule, R"("bytes":1048576)");
    if (fault.action == "deep") rule = with_members(rule, R"("count":100000)");
    if (fault.action == "long_line") rule = with_members(rule, R"("bytes":65536)");
    if (fault.action == "trickle") rule = with_members(rule, R"("bytes":256,"ms":1)");
    if (fault.action == "slow") rule = with_members(rule, R"("seconds":2)");
    if (fault.action == "list_lag") rule = with_members(rule, R"("ms":150)");  // below the quarantine
    rules += (rules.empty() ? "" : ",\n") + rule;
  }
  return "{\"seed\":" + std::to_string(seed) + ",\"rules\":[\n" + rules + "]}";
}

class Mixture : public JudgedTest, public ::testing::WithParamInterface<Kind> {
 protected:
  std::int64_t finished() {
    const auto status = daemon_->admin_status();
    return status.number("/requests/succeeded/items", 0) + status.number("/requests/failed/items", 0) +
           status.number("/requests/expired/items", 0);
  }
  // Returns the stuck jobs that nobody has cancelled. A call counts if the ledger has it: a fault may answer 200 and do
  // nothing.
  std::set<std::string> stuck_jobs() {
    std::set<std::string> stuck, cancelled;
    auto ledger = emulator_->ledger();
    for (const auto& row : ledger.rows()) {
      if (row.event == "fault" && row.action.starts_with("stuck")) stuck.insert(row.job);
      if (row.event == "cancel") cancelled.insert(row.job);
    }
    for (const auto& job : cancelled) stuck.erase(job);
    return stuck;
  }
  // Cancels at the provider what would never end by itself.
  void cancel_stuck_jobs() {
    for (const auto& job : stuck_jobs()) emulator_->post("/v1beta/batches/" + job + ":cancel", "{}");
  }
  // How many requests are over, after what waits for a person has been attended to.
  std::int64_t attended_and_finished() {
    breathe(Milliseconds(100));
    requeue_held();
    cancel_stuck_jobs();
    return finished();
  }
  // Changes its mind while its jobs run: nobody waits for them any more. How many were cancelled.
  int regret(int count) {
    const auto first = asked_.size();
    submit(count);
    EXPECT_TRUE(eventually([&] { return daemon_->batches_in_state("submitted") > 0; }, kPatience));
    int cancelled = 0;
    for (auto i = first; i < asked_.size(); ++i) cancelled += cancel(i) ? 1 : 0;
    return cancelled;
  }
  void expect_a_mixture(int requests) {
    int struck = 0;
    std::set<std::string> kinds;
    for (const auto& row : emulator_->ledger().rows()) {
      if (row.event != "fault") continue;
      ++struck;
      kinds.insert(row.on + " " + row.action);
    }
    std::printf("struck %d times by %zu different faults\n", struck, kinds.size());
    EXPECT_GT(struck, requests / 20);
    EXPECT_GT(kinds.size(), 25U);
  }
  void kill_at_moments_of(int seed, int requests) {
    std::mt19937 dice(static_cast<unsigned>(seed));
    const auto some = [&](int from, int to) {
      return std::int64_t(requests) * std::uniform_int_distribution(from, to)(dice) / 100;
    };
    const auto accepted = [&] { return daemon_->admin_status().number("/accepted"); };
    for (const auto many : {some(10, 30), some(40, 80)}) {
      EXPECT_TRUE(eventually([&] { return accepted() >= many; }, kPatience)) << many << " never accepted";
      daemon_->restart();
    }
    for (const auto many : {some(5, 25), some(30, 50), some(55, 70)}) {
      EXPECT_TRUE(eventually([&] { return attended_and_finished() >= many; }, kPatience)) << many << " never finished";
      daemon_->restart();
    }
  }
};

TEST_P(Mixture, LosesNothingAndPaysNothingTwice) {
  const int requests = harness::requests_of(1'000, 2'000);
  auto config = judged_times();
  config["packing.max_items"] = std::to_string(std::max(requests / 20, 1));
  config["log.level"] = "\"info\"";
  start({.job_seconds = 0.3,
         .faults = mixture(GetParam()),
         .arguments = {"--switch", "input-read=" + GetParam().input_read}},
        {.config = config});
  wordless_ = true;  // line faults: block, empty_response
  std::thread clients([&] { submit(requests); });
  kill_at_moments_of(GetParam().seed, requests);
  clients.join();
  const int regretted = regret(requests / 50) + regret(requests / 50);
  const auto most_are_over = [&] { return attended_and_finished() >= requests * 9 / 10; };
  EXPECT_TRUE(eventually(most_are_over, kPatience));
  expect_a_mixture(requests);
  ASSERT_EQ(emulator_->post("/emulator/faults", "{}"), 200);
  cancel_stuck_jobs();
  EXPECT_TRUE(stuck_jobs().empty());

  // As operators and owners do who have read why it waits, or failed.
  for (int round = 0; round < 6; ++round) {
    const auto held = wait_until_over(kPatience);
    ASSERT_GE(held, 0);
    if (held > 0) requeue_held();
    read_answers();
    if (held == 0 && retry_failed() == 0) break;
  }
  EXPECT_EQ(ends_["cancelled 1"], regretted);
  EXPECT_EQ(ends_["succeeded"] + ends_["cancelled 1"], static_cast<int>(asked_.size()));
  judge();
  ASSERT_TRUE(daemon_->process().running());
  EXPECT_EQ(daemon_->stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Mixture, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param.input_read + std::to_string(test.param.seed); });

}  // namespace
}  // namespace batchd::e2e
