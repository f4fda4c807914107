#include <gtest/gtest.h>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

TEST(CallFaults, StatusHasNoEffect) {
  Provider provider(fault_rules(R"({"on":"create","nth":1,"do":"status","status":503})"));
  const auto file = provider.upload(line("a", "1"));
  const auto reply = provider.create(file);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(at(reply.body, "error.status"), "UNAVAILABLE");
  EXPECT_EQ(jobs_made(provider), 0U);
  EXPECT_EQ(provider.create(file).status, 200);
  EXPECT_EQ(at(provider.ledger("fault").at(0), "on"), "create");
}

TEST(CallFaults, StatusWithOwnWords) {
  Provider provider(
      fault_rules(R"({"on":"models","nth":1,"do":"status","status":413,"body":"too big"},)"
                  R"({"on":"models","nth":2,"do":"status","status":429,"error":{"code":429,"message":"m"}})"));
  EXPECT_EQ(provider.call("GET", "/v1beta/models").body, "too big");
  EXPECT_EQ(provider.call("GET", "/v1beta/models").body, R"({"error":{"code":429,"message":"m"}})");
}

TEST(CallFaults, StatusAfterHasTheEffect) {
  Provider provider(fault_rules(R"({"on":"create","do":"status_after","status":500})"));
  EXPECT_EQ(provider.create(provider.upload(line("a", "1"))).status, 500);
  EXPECT_EQ(jobs_made(provider), 1U);
}

TEST(CallFaults, Resets) {
  Provider provider(
      fault_rules(R"({"on":"create","nth":1,"do":"reset_before"},{"on":"create","nth":2,"do":"reset_after"})"));
  const auto file = provider.upload(line("a", "1"));
  EXPECT_TRUE(provider.create(file).broken);
  EXPECT_EQ(jobs_made(provider), 0U);
  const auto after = provider.create(file);
  EXPECT_TRUE(after.broken);
  EXPECT_EQ(after.status, 0);
  EXPECT_EQ(jobs_made(provider), 1U);
}

TEST(CallFaults, WithholdHasTheEffectAndNoAnswer) {
  Provider provider(fault_rules(R"({"on":"create","do":"withhold","seconds":0.1})"));
  const auto reply = provider.create(provider.upload(line("a", "1")));
  EXPECT_TRUE(reply.broken);
  EXPECT_EQ(reply.status, 0);
  EXPECT_EQ(jobs_made(provider), 1U);
}

TEST(CallFaults, TruncateCutsADownloadOnce) {
  Provider provider(fault_rules(R"({"on":"download","nth":1,"do":"truncate"})"));
  const auto job = provider.create_job(provider.upload(line("a", "1") + line("b", "2")));
  provider.end_of(job);
  const auto cut = provider.download(job);
  EXPECT_EQ(cut.status, 200);
  EXPECT_TRUE(cut.broken);
  const auto whole = provider.download(job);
  EXPECT_FALSE(whole.broken);
  EXPECT_LT(cut.body.size(), whole.body.size());
}

TEST(CallFaults, DelayIsFollowedByTheAnswer) {
  Provider provider(fault_rules(R"({"on":"models","do":"delay","ms":30})"));
  EXPECT_EQ(provider.call("GET", "/v1beta/models").status, 200);
  EXPECT_EQ(provider.ledger("fault").size(), 1U);
}

TEST(CallFaults, ResetUploadChunkLeavesTheSession) {
  Provider provider(fault_rules(
      R"({"on":"upload_chunk","nth":1,"do":"reset_before"},{"on":"upload_chunk","nth":2,"do":"reset_after"})"));
  const auto target = provider.start_upload();
  EXPECT_TRUE(provider.chunk(target, "upload, finalize", 0, "x").broken);
  EXPECT_EQ(provider.chunk(target, "query", 0, "").headers.at("x-goog-upload-status"), "active");
  EXPECT_TRUE(provider.chunk(target, "upload, finalize", 0, "x").broken);
  EXPECT_EQ(provider.chunk(target, "query", 0, "").headers.at("x-goog-upload-status"), "final");
}

struct WatchCase {
  const char* on;
  const char* method;
  const char* path;
};

class Watch : public testing::TestWithParam<WatchCase> {};

TEST_P(Watch, CountsItsOwnKindOnly) {
  const auto& [on, method, path] = GetParam();
  Provider provider(fault_rules(std::string(R"({"on":")") + on + R"(","nth":1,"do":"status","status":418})"));
  const WatchCase other =
      std::string(on) == "models" ? WatchCase{"", "GET", "/v1beta/batches"} : WatchCase{"", "GET", "/v1beta/models"};
  EXPECT_EQ(provider.call(other.method, other.path).status, 200);
  EXPECT_EQ(provider.call(method, path).status, 418);
  EXPECT_NE(provider.call(method, path).status, 418);
}

INSTANTIATE_TEST_SUITE_P(Calls, Watch,
                         testing::Values(WatchCase{"create", "POST", "/v1beta/models/gemini-x:batchGenerateContent"},
                                         WatchCase{"generate", "POST", "/v1/models/gemini-x:generateContent"},
                                         WatchCase{"upload_start", "POST", "/upload/v1beta/files"},
                                         WatchCase{"upload_chunk", "POST", "/upload/v1beta/files?upload_id=a"},
                                         WatchCase{"get", "GET", "/v1beta/batches/a"},
                                         WatchCase{"list", "GET", "/v1beta/batches"},
                                         WatchCase{"cancel", "POST", "/v1beta/batches/a:cancel"},
                                         WatchCase{"batch_delete", "DELETE", "/v1beta/batches/a"},
                                         WatchCase{"file_get", "GET", "/v1beta/files/a"},
                                         WatchCase{"file_list", "GET", "/v1beta/files"},
                                         WatchCase{"file_delete", "DELETE", "/v1beta/files/a"},
                                         WatchCase{"download", "GET", "/download/v1beta/files/a:download?alt=media"},
                                         WatchCase{"models", "GET", "/v1beta/models"}),
                         [](const auto& tested) { return std::string(tested.param.on); });

std::string statuses(Provider& provider, int calls) {
  std::string out;
  for (int i = 0; i < calls; ++i) out += provider.call("GET", "/v1beta/models").status == 200 ? '.' : 'X';
  return out;
}

TEST(Selectors, NthEveryFirst) {
  Provider nth(fault_rules(R"({"on":"models","nth":2,"do":"status","status":500})"));
  EXPECT_EQ(statuses(nth, 6), ".X....");
  Provider every(fault_rules(R"({"on":"any","every":3,"do":"status","status":500})"));
  EXPECT_EQ(statuses(every, 6), "..X..X");
  Provider first(fault_rules(R"({"on":"models","first":2,"do":"status","status":500})"));
  EXPECT_EQ(statuses(first, 6), "XX....");
}

TEST(Selectors, ProbabilityIsSeeded) {
  const std::string file = R"({"seed":7,"rules":[{"on":"models","probability":0.5,"do":"status","status":500}]})";
  Provider a(file);
  Provider b(file);
  const auto seen = statuses(a, 40);
  EXPECT_EQ(statuses(b, 40), seen);
  EXPECT_NE(seen.find('X'), std::string::npos);
  EXPECT_NE(seen.find('.'), std::string::npos);
}

TEST(Selectors, FirstMatchWinsButAllCount) {
  Provider provider(fault_rules(R"({"on":"models","nth":1,"do":"status","status":500},)"
                                R"({"on":"models","first":2,"do":"status","status":503})"));
  EXPECT_EQ(provider.call("GET", "/v1beta/models").status, 500);
  EXPECT_EQ(provider.call("GET", "/v1beta/models").status, 503);
  EXPECT_EQ(provider.call("GET", "/v1beta/models").status, 200);
}

}  // namespace
}  // namespace batchd::emulator
