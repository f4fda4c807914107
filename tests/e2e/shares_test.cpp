// What is scarce is shared: a provider that takes few tokens at a time gets everything in the end, and one program's
// flood doesn't hold up another's trickle. BATCHD_E2E_REQUESTS sets the number of requests.
#include "tests/e2e/e2e_fixture.h"
#include "tests/e2e/many_posts.h"

namespace batchd::e2e {
namespace {

constexpr Milliseconds kLong = std::chrono::seconds(240);

class Shares : public E2eTest {};

TEST_F(Shares, AHiddenTokenQuotaLetsEverythingThrough) {
  const int requests = requests_or(20'000);
  // The emulator counts about three tokens a prompt: a twentieth of all may be there at once. One batch would take all.
  const auto quota = std::to_string(std::max(requests * 3 / 20, 40));
  start({.arguments = {"--max-enqueued-tokens", quota}}, {.config = {{"packing.max_items", std::to_string(requests)},
                                                                     {"packing.max_age", "\"30s\""},
                                                                     {"log.level", "\"info\""}}});
  ASSERT_EQ(post_many(daemon_->socket(), "quota", requests), requests);
  EXPECT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == requests; }, kLong));
  const auto billed = emulator_->ledger().lines("billed");
  EXPECT_EQ(billed.size(), static_cast<std::size_t>(requests));
  for (const auto& [digest, times] : billed) ASSERT_EQ(times, 1) << digest;
  EXPECT_GT(emulator_->ledger().count("refused"), 2U) << "the quota was hardly met";
  const auto status = daemon_->admin_status();
  EXPECT_TRUE(status.flag("/balanced"));
  EXPECT_EQ(status.number("/batches/held/items"), 0);
}

TEST_F(Shares, AFloodDelaysAnotherUsersTrickleByNoMoreThanOneBatch) {
  if (!is_root()) GTEST_SKIP() << "needs root, to become other users";
  constexpr int kBatches = 10, kTrickle = 10;
  const int flood = requests_or(5'000);
  start({.job_seconds = 1}, {.config = {{"packing.max_items", std::to_string(flood / kBatches)},
                                        {"accounts.default.max_jobs", "1"},
                                        {"log.level", "\"info\""}}});
  auto flooder = Process::fork_as(2001, [&] { return post_many(daemon_->socket(), "flood", flood) == flood ? 0 : 1; });
  ASSERT_EQ(flooder.wait(kLong), 0);
  auto trickle =
      Process::fork_as(2002, [&] { return post_many(daemon_->socket(), "trickle", kTrickle) == kTrickle ? 0 : 1; });
  ASSERT_EQ(trickle.wait(), 0);
  const auto jobs_before = emulator_->ledger().count("job");

  auto waits = Process::fork_as(2002, [&] {
    const bool all = eventually([&] {
      LocalHttp http(daemon_->socket());
      const auto reply = http.get("/v1/status");
      return reply && Json(reply->body).number("/requests/succeeded") == kTrickle;
    });
    return all ? 0 : 1;
  });
  ASSERT_EQ(waits.wait(kLong), 0);
  // One batch may have been sealed before they came; theirs is the next.
  EXPECT_LE(emulator_->ledger().count("end"), jobs_before + 2);
  EXPECT_LT(jobs_before + 2, static_cast<std::size_t>(kBatches)) << "the flood was over too soon to tell";
  EXPECT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == flood + kTrickle; }, kLong));
}

}  // namespace
}  // namespace batchd::e2e
