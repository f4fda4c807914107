// Clients that ask for large results and don't read them: the memory for them doesn't grow with their number, another
// client is served meanwhile, and clients that read on get everything.
#include <list>

#include "tests/e2e/calls.h"
#include "tests/harness/memory.h"

namespace batchd::e2e {
namespace {

// Fewer where their memory can't be measured anyhow.
constexpr int kSlow = kMemoryIsItsOwn ? 200 : 50;
constexpr std::size_t kPromptBytes = 8 << 20;
constexpr std::int64_t kReadersGrowthKiBMax = 48 << 10;

class SlowReaders : public CallsTest {
 protected:
  // No two pieces of it are alike: one in another's place would be seen.
  static std::string long_prompt() {
    std::string prompt;
    for (int n = 0; prompt.size() < kPromptBytes; ++n) prompt += std::to_string(n) + ' ';
    return prompt;
  }
  void crowd_asks_for(const std::string& target, const Headers& headers = {}) {
    for (int i = 0; i < kSlow; ++i) {
      auto& http = slow_.emplace_back(daemon_->socket());
      ASSERT_TRUE(http.send("GET", target, {}, headers));
    }
    for (auto& http : slow_) ASSERT_TRUE(http.receive_head()) << "it got nothing at all";
  }
  void expect_small(std::int64_t before) {
    const auto peak = memory_kib(daemon_->process().pid(), "VmHWM:");
    std::printf("%d slow readers: VmRSS before %lld KiB, VmHWM %lld KiB\n", kSlow, static_cast<long long>(before),
                static_cast<long long>(peak));
    if (kMemoryIsItsOwn) {
      EXPECT_LT(peak - before, kReadersGrowthKiBMax);
    }
  }
  // The peak so far is forgotten.
  std::int64_t measure() {
    const auto pid = daemon_->process().pid();
    std::ofstream("/proc/" + std::to_string(pid) + "/clear_refs") << "5";
    return memory_kib(pid, "VmRSS:");
  }

  const std::string prompt_ = long_prompt();
  std::list<LocalHttp> slow_;
};

TEST_F(SlowReaders, OfOneRequestHoldLittle) {
  start();
  const auto id = post(prompt_);
  ASSERT_EQ(answer_text(finished(id)), "echo: " + prompt_);
  const auto before = measure();
  crowd_asks_for("/v1/requests/" + id);
  EXPECT_EQ(answer_text(finished(id)), "echo: " + prompt_) << "one who reads is served meanwhile";
  expect_small(before);
}

TEST_F(SlowReaders, OfAChannelHoldLittleAndGetEverythingInTheEnd) {
  start();
  const auto id = post(prompt_);
  ASSERT_EQ(answer_text(finished(id)), "echo: " + prompt_);
  const auto before = measure();
  crowd_asks_for("/v1/results", {{"Accept", "text/event-stream"}});
  const auto lines = results("");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(answer_text(lines[0]), "echo: " + prompt_);
  expect_small(before);
  int read = 0;
  for (auto& http : slow_) {
    if (++read > 20) break;
    ASSERT_TRUE(http.read_until("data: "));
    const auto event = http.read_until("\n\n");
    ASSERT_TRUE(event);
    EXPECT_EQ(answer_text(Json(*event)), "echo: " + prompt_);
  }
}

}  // namespace
}  // namespace batchd::e2e
