// Ten thousand connections that send nothing, and a thousand that send a byte every second: an honest client goes on
// being served, whether there is a connection for every client or not.
//
// tests/harness/size.h scales the crowd: 5000 stands for all of it.
#include <algorithm>

#include "tests/e2e/crowd.h"
#include "tests/e2e/e2e_fixture.h"
#include "tests/harness/memory.h"
#include "tests/harness/size.h"

namespace batchd::e2e {
namespace {

constexpr int kRounds = 10;
constexpr int kDescriptorsForOthers = 200;
constexpr const char* kToken = "token-of-honest-0123456789";

CrowdSize crowd_size() {
  const double scale = std::clamp(harness::requests_of(2'000, 5'000) / 5000.0, 0.01, 1.0);
  return {static_cast<int>(10'000 * scale), static_cast<int>(1'000 * scale)};
}

class CrowdTest : public E2eTest {
 protected:
  void start_with(int max_connections) {
    start({.job_seconds = 0.1}, {.tokens = std::string("honest ") + kToken + "\n",
                                 .config = {{"server.header_timeout", "\"10m\""},
                                            {"server.idle_timeout", "\"10m\""},
                                            {"server.body_rate_floor", "\"1B\""},
                                            {"limits.max_connections", std::to_string(max_connections)},
                                            {"log.level", "\"info\""}}});
  }

  // Bytes of memory that the daemon really uses; 0: we may not look.
  std::int64_t resident_bytes() {
    return std::max<std::int64_t>(memory_kib(daemon_->process().pid(), "VmRSS:"), 0) * 1024;
  }

  // One request and its answer, on connections of its own. How many calls went unanswered.
  static int be_served(LocalHttp& http, const Headers& credentials, int number) {
    int unanswered = 0;
    auto headers = credentials;
    headers.emplace_back("Idempotency-Key", "honest-" + std::to_string(number));
    headers.emplace_back("Prefer", "wait=60");
    const auto prompt = "honest " + std::to_string(number);
    std::optional<HttpReply> reply;
    const bool answered = eventually([&] {
      reply = http.post("/v1/requests", submission(prompt), headers);
      if (!reply) ++unanswered;
      return reply.has_value();
    });
    EXPECT_TRUE(answered) << prompt;
    if (!answered) return unanswered;
    EXPECT_EQ(reply->status, 200) << reply->body;
    EXPECT_EQ(answer_text(Json(reply->body)), "echo: " + prompt);
    return unanswered;
  }

  // While the crowd does its worst, on the socket and over TCP in turn. How many calls went unanswered.
  int be_served_among(const IdleCrowd& crowd) {
    EXPECT_TRUE(eventually([&] { return crowd.assembled(); }));
    int unanswered = 0;
    for (int number = 0; crowd.rounds() < kRounds || number < 10; ++number) {
      const bool tcp = number % 2 == 1;
      const Headers token{{"Authorization", std::string("Bearer ") + kToken}};
      LocalHttp over_tcp(daemon_->tcp_port());
      LocalHttp over_socket(daemon_->socket());
      unanswered += tcp ? be_served(over_tcp, token, number) : be_served(over_socket, {}, number);
      if (HasFailure()) break;
    }
    return unanswered;
  }
};

TEST_F(CrowdTest, ThereIsAConnectionForEverybody) {
  const auto size = crowd_size();
  start_with(size.all() + 100);
  if (const auto reason = raise_descriptors(size.all() + kDescriptorsForOthers); !reason.empty())
    GTEST_SKIP() << reason;
  const auto before = resident_bytes();
  IdleCrowd crowd(daemon_->socket(), daemon_->tcp_port(), size);
  EXPECT_EQ(be_served_among(crowd), 0);
  const auto each = (resident_bytes() - before) / size.all();
  EXPECT_TRUE(!kMemoryIsItsOwn || each < 8 << 10) << each << " bytes for each of them: they should hold no buffers";
  EXPECT_EQ(crowd.came_back(), 0) << "a connection was closed though there were enough";
  EXPECT_EQ(crowd.refused(), 0);
  EXPECT_TRUE(daemon_->process().running());
  EXPECT_EQ(daemon_->log().find("connections_lowered"), std::string::npos);
}

TEST_F(CrowdTest, WhoIsIdleMakesRoom) {
  const auto size = crowd_size();
  start_with(size.all() / 5);
  if (const auto reason = raise_descriptors(size.all() + kDescriptorsForOthers); !reason.empty())
    GTEST_SKIP() << reason;
  IdleCrowd crowd(daemon_->socket(), daemon_->tcp_port(), size);
  EXPECT_LE(be_served_among(crowd), 2) << "of calls on fresh connections";
  EXPECT_GT(crowd.came_back(), 0) << "nobody was evicted: no crowd";
  EXPECT_TRUE(daemon_->process().running());
}

}  // namespace
}  // namespace batchd::e2e
