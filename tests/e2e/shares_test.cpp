// Scarce resources are shared: a provider that accepts few tokens at a time gets everything in the end, and one
// program's flood doesn't delay another's few requests. tests/harness/size.h sets the number of requests.
#include <list>

#include "tests/e2e/e2e_fixture.h"
#include "tests/e2e/many_posts.h"

namespace batchd::e2e {
namespace {

constexpr Milliseconds kLong = std::chrono::seconds(240);

class Shares : public E2eTest {};

TEST_F(Shares, AHiddenTokenQuotaLetsEverythingThrough) {
  const int requests = harness::requests_of(4'000, 20'000);
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
  const int flood = harness::requests_of(2'000, 100'000);
  start({.job_seconds = 1}, {.config = {{"packing.max_items", std::to_string(flood / kBatches)},
                                        {"accounts.default.max_jobs", "1"},
                                        {"log.level", "\"info\""}}});
  LocalHttp operators(daemon_->socket());
  ASSERT_EQ(operators.post("/admin/lanes/pause", "{}").value_or(HttpReply()).status, 200);
  auto flooder = Process::fork_as(2001, [&] { return post_many(daemon_->socket(), "flood", flood) == flood ? 0 : 1; });
  ASSERT_EQ(flooder.wait(kLong), 0);  // all of it waits, however long that took
  ASSERT_EQ(operators.post("/admin/lanes/resume", "{}").value_or(HttpReply()).status, 200);
  ASSERT_TRUE(eventually([&] { return emulator_->ledger().count("job") > 0; }));
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

// Bodies that come slowly stay in memory for long: an owner may have so many of them, another is not held up by it.
TEST_F(Shares, ManySlowBodiesOfOneOwnerWaitForEachOther) {
  constexpr int kSeats = 32;
  const std::string ann = "token-of-ann-0123456789", bob = "token-of-bob-0123456789";
  start({}, {.tokens = "ann " + ann + "\nbob " + bob + "\n", .config = {{"packing.max_age", "\"1h\""}}});
  const auto body = submission(std::string(200'000, 'x'));
  const auto half = body.size() / 2;
  const auto head = "POST /v1/requests HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + ann +
                    "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  std::list<LocalHttp> slow;
  for (int i = 0; i < kSeats; ++i)
    ASSERT_TRUE(slow.emplace_back(daemon_->tcp_port()).send_bytes(head + body.substr(0, half)));
  const auto post_as = [&](const std::string& token) {
    LocalHttp http(daemon_->tcp_port());
    return http.post("/v1/requests", body, {{"Authorization", "Bearer " + token}}).value_or(HttpReply());
  };
  // Whether all of them sit can't be seen from outside; who comes after them is sent away after a while.
  HttpReply refused;
  ASSERT_TRUE(eventually([&] { return (refused = post_as(ann)).status == 429; }, kLong)) << refused.status;
  EXPECT_EQ(Json(refused.body).text("/code"), "queue_full");
  EXPECT_TRUE(Json(refused.body).flag("/retryable"));
  EXPECT_EQ(post_as(bob).status, 202);

  for (auto& one : slow) {
    ASSERT_TRUE(one.send_bytes(std::string_view(body).substr(half)));
    const auto answer = one.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 202) << answer->body;
  }
  EXPECT_EQ(post_as(ann).status, 202) << "their seats are free again";
}

// A few owners have all the seats, and send next to nothing: whoever has none gets the seat of the slowest.
TEST_F(Shares, SlowBodiesOfManyOwnersMakeRoomForAnother) {
  constexpr int kCrowd = 7;  // 32, 16, 8, 4, 2, 1 and 1 seats
  const auto token = [](int owner) { return "token-of-owner-0123456789-" + std::to_string(owner); };
  std::string tokens;
  for (int owner = 0; owner <= kCrowd; ++owner) tokens += "o" + std::to_string(owner) + ' ' + token(owner) + '\n';
  start({}, {.tokens = tokens, .config = {{"packing.max_age", "\"1h\""}}});
  const auto body = submission(std::string(200'000, 'x'));
  std::list<LocalHttp> slow;
  for (int owner = 0, seats = 32; owner < kCrowd; ++owner, seats = std::max(seats / 2, 1)) {
    const auto head = "POST /v1/requests HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token(owner) +
                      "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    for (int i = 0; i < seats; ++i)
      ASSERT_TRUE(slow.emplace_back(daemon_->tcp_port()).send_bytes(head + body.substr(0, body.size() / 2)));
  }
  const auto somebody_had_to_go = [&] {
    LocalHttp http(daemon_->socket());
    const auto reply = http.get("/metrics");
    return reply && reply->body.find(R"(code="4xx",method="POST",route="/v1/requests")") != std::string::npos;
  };
  // Until all of them sit there is room anyway.
  EXPECT_TRUE(eventually(
      [&] {
        LocalHttp http(daemon_->tcp_port());
        const auto reply = http.post("/v1/requests", body, {{"Authorization", "Bearer " + token(kCrowd)}});
        EXPECT_EQ(reply.value_or(HttpReply()).status, 202) << reply.value_or(HttpReply()).body;
        return somebody_had_to_go();
      },
      kLong));
  int gone = 0;
  for (auto& one : slow) {
    const auto answer = one.receive(Milliseconds(1));
    if (!answer) continue;
    ++gone;
    EXPECT_EQ(answer->status, 408) << answer->body;
    EXPECT_EQ(Json(answer->body).text("/code"), "body_too_slow");
    EXPECT_TRUE(Json(answer->body).flag("/retryable"));
  }
  EXPECT_GE(gone, 1);
}

}  // namespace
}  // namespace batchd::e2e
