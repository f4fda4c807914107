// What a project may do: its tier, whether it may make jobs at all, its models, and the storage that it has used.
#include <gtest/gtest.h>

#include <thread>

#include "emulator/dialect/quotas.h"
#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

TEST(Tiers, LimitTheTokensOfAModel) {
  EXPECT_EQ(enqueued_tokens_max("gemini-2.5-flash", 1), 3'000'000);
  EXPECT_EQ(enqueued_tokens_max("gemini-2.5-flash-lite", 1), 10'000'000);
  EXPECT_EQ(enqueued_tokens_max("gemini-3.1-pro-preview", 1), 5'000'000);
  EXPECT_EQ(enqueued_tokens_max("gemini-embedding-001", 1), 500'000);
  EXPECT_EQ(enqueued_tokens_max("gemini-2.5-pro-preview-tts", 1), 25'000);
  EXPECT_EQ(enqueued_tokens_max("gemini-2.5-flash", 2), 400'000'000);
  EXPECT_EQ(enqueued_tokens_max("gemini-2.5-flash", 0), 0);
  EXPECT_EQ(enqueued_tokens_max("emu-echo", 1), 0);
}

int create_with_tokens(Provider& provider, const std::string& model, std::size_t tokens) {
  const auto file = provider.upload(line("a", std::string(tokens * 4, 'x')));
  const auto reply = provider.create(file, "t", model);
  if (reply.status == 429) {
    EXPECT_EQ(at(reply.body, "error.details"), "");
  }
  return reply.status;
}

TEST(Tiers, AreTheFirstByDefault) {
  Provider provider({}, {.job_seconds = 1000});
  EXPECT_EQ(create_with_tokens(provider, "gemini-2.5-pro-preview-tts", 20'000), 200);
  EXPECT_EQ(create_with_tokens(provider, "gemini-2.5-pro-preview-tts", 10'000), 429);
  EXPECT_EQ(create_with_tokens(provider, "gemini-2.5-flash", 10'000), 200);
}

TEST(Tiers, AreOverriddenOrLifted) {
  Provider lifted({}, {.job_seconds = 1000, .tier = 0});
  EXPECT_EQ(create_with_tokens(lifted, "gemini-2.5-pro-preview-tts", 30'000), 200);
  Provider second({}, {.job_seconds = 1000, .tier = 2});
  EXPECT_EQ(create_with_tokens(second, "gemini-2.5-pro-preview-tts", 30'000), 200);
  Provider any({}, {.job_seconds = 1000, .max_enqueued_tokens = 0});
  EXPECT_EQ(create_with_tokens(any, "gemini-2.5-pro-preview-tts", 30'000), 200);
}

struct ClosedCase {
  const char* value;
  int status;
  const char* grpc;
  const char* words;  // at the beginning
};

class Creates : public testing::TestWithParam<ClosedCase> {};

TEST_P(Creates, AreRefusedAndNothingElse) {
  const auto& param = GetParam();
  Provider provider;
  const auto file = provider.upload(line("a", "1"));
  provider.call("POST", "/emulator/switches", std::string(R"({"creates":")") + param.value + "\"}");
  const auto refused = provider.create(file);
  EXPECT_EQ(refused.status, param.status);
  EXPECT_EQ(at(refused.body, "error.status"), param.grpc);
  EXPECT_TRUE(at(refused.body, "error.message").starts_with(param.words)) << refused.body;
  EXPECT_EQ(at(provider.ledger("refused").at(0), "status"), std::to_string(param.status));
  EXPECT_EQ(provider.call("GET", "/v1beta/batches").status, 200);
  EXPECT_EQ(provider.call("GET", "/v1beta/" + file).status, 200);
  EXPECT_NE(provider.upload("x"), "");
  provider.call("POST", "/emulator/switches", R"({"creates":"open"})");
  EXPECT_EQ(provider.create(file).status, 200);
}

INSTANTIATE_TEST_SUITE_P(
    All, Creates,
    testing::Values(ClosedCase{"quota", 429, "RESOURCE_EXHAUSTED", "Resource has been exhausted"},
                    ClosedCase{"billing", 400, "FAILED_PRECONDITION", "Gemini API free tier is not available"},
                    ClosedCase{"location", 400, "FAILED_PRECONDITION", "User location is not supported"},
                    ClosedCase{"denied", 403, "PERMISSION_DENIED", "The caller does not have permission"}),
    [](const auto& tested) { return std::string(tested.param.value); });

TEST(ModelSwitches, WithoutBatchOrUnknown) {
  Provider provider(
      {}, {.switches = {{"models-without-batch", "gemini-2.5-pro, gemini-x"}, {"unknown-models", "emu-echo"}}});
  const auto file = provider.upload(line("a", "1"));
  const auto methods = [&](const std::string& model) {
    return at(provider.call("GET", "/v1beta/models/" + model).body, "supportedGenerationMethods");
  };
  EXPECT_NE(methods("gemini-2.5-flash").find("\"batchGenerateContent\""), std::string::npos);
  EXPECT_NE(methods("gemini-embedding-001").find("\"asyncBatchEmbedContent\""), std::string::npos);
  EXPECT_EQ(methods("gemini-2.5-pro").find("batch"), std::string::npos);
  EXPECT_NE(methods("gemini-2.5-pro"), "");
  for (const auto* model : {"gemini-2.5-pro", "gemini-x", "emu-echo"}) {
    const auto refused = provider.create(file, "t", model);
    EXPECT_EQ(refused.status, 404) << model;
    EXPECT_TRUE(at(refused.body, "error.message").starts_with("models/" + std::string(model) + " is not found"));
  }
  EXPECT_EQ(provider.call("GET", "/v1beta/models/emu-echo").status, 404);
  EXPECT_EQ(provider.call("GET", "/v1beta/models").body.find("emu-echo"), std::string::npos);
  EXPECT_EQ(provider.create(file, "t", "gemini-2.5").status, 200);  // names are whole
}

// Waits (bounded) until an upload of 60 bytes is taken.
bool is_taken(Provider& provider) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < deadline) {
    const auto reply = provider.chunk(provider.start_upload(), "upload, finalize", 0, std::string(60, 'x'));
    if (reply.status == 200) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

TEST(StorageRefund, AtOnceLateOrNever) {
  for (const std::string when : {"at-once", "late", "never"}) {
    Provider provider(
        {}, {.max_storage_bytes = 100, .switches = {{"storage-refund", when}, {"storage-refund-seconds", "2.5"}}});
    provider.call("DELETE", "/v1beta/" + provider.upload(std::string(60, 'x')));
    EXPECT_EQ(provider.call("GET", "/v1beta/files").body, "{}");  // nothing to see
    const auto next = provider.chunk(provider.start_upload(), "upload, finalize", 0, std::string(60, 'x'));
    EXPECT_EQ(next.status, when == "at-once" ? 200 : 429) << when;
    if (when == "late") {
      EXPECT_TRUE(is_taken(provider));
    }
  }
}

TEST(QuotaFault, MaySayForHowLong) {
  Provider provider(fault_rules(R"({"on":"create","nth":1,"do":"quota","retry_after":"7","retry_info":"30s"},
                                   {"on":"create","nth":2,"do":"quota"})"));
  const auto file = provider.upload(line("a", "1"));
  const auto telling = provider.create(file);
  EXPECT_EQ(telling.status, 429);
  EXPECT_EQ(telling.headers.at("retry-after"), "7");
  EXPECT_EQ(at(telling.body, "error.details.1.@type"), "type.googleapis.com/google.rpc.RetryInfo");
  EXPECT_EQ(at(telling.body, "error.details.1.retryDelay"), "30s");
  const auto silent = provider.create(file);
  EXPECT_EQ(silent.status, 429);
  EXPECT_EQ(at(silent.body, "error.details.1"), "");
  EXPECT_FALSE(silent.headers.contains("retry-after"));
}

}  // namespace
}  // namespace batchd::emulator
