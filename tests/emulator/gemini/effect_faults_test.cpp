// Calls that have their effect or not, now or later, independently of the answer.
#include <gtest/gtest.h>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

// Waits (bounded) until so many jobs were made.
bool comes_to(Provider& provider, std::size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (jobs_made(provider) < count && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return jobs_made(provider) == count;
}

TEST(EffectFaults, ACreateTakesEffectAfterItsClientHasGone) {
  Provider provider(fault_rules(R"({"on":"create","nth":1,"do":"late_effect","ms":2500})"));
  const auto file = provider.upload(line("a", "1"));
  const auto reply = provider.create(file, "late");
  EXPECT_TRUE(reply.broken);
  EXPECT_EQ(reply.status, 0);
  EXPECT_EQ(provider.call("GET", "/v1beta/batches").body, "{}");
  EXPECT_TRUE(comes_to(provider, 1));
  EXPECT_EQ(at(provider.call("GET", "/v1beta/batches").body, "operations.0.metadata.displayName"), "late");
}

TEST(EffectFaults, ALateCreateFindsItsFileGone) {
  Provider provider(fault_rules(R"({"on":"create","do":"late_effect","ms":2500})"));
  const auto file = provider.upload(line("a", "1"));
  EXPECT_TRUE(provider.create(file).broken);
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + file).status, 200);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (provider.ledger("refused").empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(provider.ledger("refused").size(), 1U);
  EXPECT_EQ(at(provider.ledger("refused")[0], "status"), "404");
  EXPECT_EQ(jobs_made(provider), 0U);
}

TEST(EffectFaults, ALateCreateMayBeSilentFirst) {
  Provider provider(fault_rules(R"({"on":"create","do":"late_effect","ms":0,"seconds":0.1})"));
  EXPECT_TRUE(provider.create(provider.upload(line("a", "1"))).broken);
  EXPECT_TRUE(comes_to(provider, 1));
}

TEST(EffectFaults, AnEmulatorEndsWhileEffectsAreStillToCome) {
  Provider provider(fault_rules(R"({"on":"create","do":"late_effect","ms":3600000})"));
  EXPECT_TRUE(provider.create(provider.upload(line("a", "1"))).broken);
}

TEST(EffectFaults, OneCreateMakesTwoJobs) {
  Provider provider(fault_rules(R"({"on":"create","do":"execute_twice"})"));
  const auto reply = provider.create(provider.upload(line("a", "1")));
  EXPECT_EQ(reply.status, 200);
  ASSERT_EQ(jobs_made(provider), 2U);
  EXPECT_EQ(at(provider.ledger("job")[0], "token"), at(provider.ledger("job")[1], "token"));
  EXPECT_EQ("batches/" + at(provider.ledger("job")[1], "job"), at(reply.body, "name"));
}

TEST(EffectFaults, ResetInsideTheRequest) {
  Provider provider(fault_rules(R"({"on":"create","first":2,"do":"reset_in_request","bytes":10})"));
  const auto file = provider.upload(line("a", "1"));
  EXPECT_TRUE(provider.create(file).broken);
  // Only half of what was promised comes: it is enough for the fault.
  const auto bytes = provider.raw(
      "POST /v1beta/models/gemini-x:batchGenerateContent HTTP/1.1\r\nHost: x\r\nx-goog-api-key: k\r\n"
      "Content-Length: 20\r\n\r\n1234567890");
  EXPECT_TRUE(bytes.reset);
  EXPECT_EQ(bytes.text, "");
  EXPECT_EQ(jobs_made(provider), 0U);
}

struct EffectCase {
  const char* name;
  const char* rule;
  bool broken;
  std::size_t jobs;
};

class EffectFaults : public testing::TestWithParam<EffectCase> {};

TEST_P(EffectFaults, OfACreate) {
  Provider provider(fault_rules(std::string(R"({"on":"create",)") + GetParam().rule + "}"));
  const auto reply = provider.create(provider.upload(line("a", "1")));
  EXPECT_EQ(reply.broken, GetParam().broken);
  EXPECT_EQ(jobs_made(provider), GetParam().jobs);
  EXPECT_EQ(provider.ledger("fault").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    All, EffectFaults,
    testing::Values(EffectCase{"withhold_before", R"("do":"withhold_before","seconds":0.05)", true, 0},
                    EffectCase{"close_after", R"("do":"close_after")", true, 1},
                    EffectCase{"quota", R"("do":"quota")", false, 0}, EffectCase{"html", R"("do":"html")", false, 0},
                    EffectCase{"html_with_effect", R"("do":"html","effect":true)", false, 1},
                    EffectCase{"status_with_effect", R"("do":"status","status":500,"effect":true)", false, 1},
                    EffectCase{"error_in_200", R"("do":"error_in_200")", false, 0},
                    EffectCase{"error_in_200_with_effect", R"("do":"error_in_200","effect":true)", false, 1},
                    EffectCase{"empty_body", R"("do":"empty_body")", false, 0},
                    EffectCase{"empty_body_with_effect", R"("do":"empty_body","effect":true)", false, 1},
                    EffectCase{"redirect", R"("do":"redirect")", false, 0},
                    EffectCase{"redirect_with_effect", R"("do":"redirect","effect":true)", false, 1},
                    EffectCase{"cut", R"("do":"cut")", true, 1},
                    EffectCase{"set", R"("do":"set","path":"name","value":1)", false, 1},
                    EffectCase{"invalid_key", R"("do":"invalid_key")", false, 0}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(EffectFaults, FilesVanishUnderTheCallsThatNameThem) {
  Provider create(fault_rules(R"({"on":"create","nth":1,"do":"lose_file"})"));
  const auto file = create.upload(line("a", "1"));
  EXPECT_EQ(create.create(file).status, 404);
  EXPECT_EQ(create.call("GET", "/v1beta/" + file).status, 403);
  EXPECT_EQ(jobs_made(create), 0U);

  Provider get(fault_rules(R"({"on":"file_get","do":"lose_file"})"));
  EXPECT_EQ(get.call("GET", "/v1beta/" + get.upload("x")).status, 403);

  Provider remove(fault_rules(R"({"on":"file_delete","do":"lose_file"})"));
  EXPECT_EQ(remove.call("DELETE", "/v1beta/" + remove.upload("x")).status, 403);

  Provider download(fault_rules(R"({"on":"download","do":"lose_file"})"));
  const auto job = download.create_job(download.upload(line("a", "1")));
  download.end_of(job);
  EXPECT_EQ(download.download(job).status, 403);
}

TEST(EffectFaults, UploadsVanishUnderTheirChunks) {
  Provider chunk(fault_rules(R"({"on":"upload_chunk","nth":1,"do":"lose_file"})"));
  const auto target = chunk.start_upload();
  EXPECT_EQ(chunk.chunk(target, "upload, finalize", 0, "x").status, 404);
  EXPECT_EQ(chunk.chunk(target, "upload, finalize", 0, "x").status, 404);
  EXPECT_TRUE(chunk.ledger("upload").empty());

  Provider query(fault_rules(R"({"on":"upload_query","do":"lose_file"})"));
  EXPECT_EQ(query.chunk(query.start_upload(), "query", 0, "").status, 404);
}

}  // namespace
}  // namespace batchd::emulator
