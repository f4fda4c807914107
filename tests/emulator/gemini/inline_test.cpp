// Jobs whose requests are in the body of the create call.
#include <gtest/gtest.h>

#include "proto/json/digest.h"
#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

std::string item(const std::string& text, const std::string& metadata) {
  return R"({"request":{"contents":[{"parts":[{"text":")" + text + "\"}]}]}" +
         (metadata.empty() ? "" : ",\"metadata\":" + metadata) + "}";
}

std::string body_of(const std::string& items) {
  return R"({"batch":{"displayName":"t","inputConfig":{"requests":{"requests":[)" + items + "]}}}}";
}

Reply create_inline(Provider& provider, const std::string& body,
                    const std::string& method = "gemini-2.5-flash:batchGenerateContent") {
  return provider.call("POST", "/v1beta/models/" + method, body);
}

const std::string kItems = "metadata.output.inlinedResponses.inlinedResponses";

TEST(Inline, ResultsAreInTheOperationTwice) {
  Provider provider;
  const auto created = create_inline(provider, body_of(item("one", R"({"key":"a","n":[1]})") + "," + item("two", "") +
                                                       "," + item("three", R"({"key":"c"})")));
  ASSERT_EQ(created.status, 200) << created.body;
  EXPECT_EQ(at(created.body, "metadata.inputConfig"), "");
  EXPECT_EQ(at(created.body, "metadata.batchStats.requestCount"), "3");
  const auto job = at(created.body, "name");
  const auto operation = provider.end_of(job);
  EXPECT_EQ(at(operation, "metadata.inputConfig"), "");
  EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(at(operation, kItems), at(operation, "response.inlinedResponses.inlinedResponses"));
  EXPECT_EQ(at(operation, kItems + ".0.response.candidates.0.content.parts.0.text"), "echo: one");  // in this order
  EXPECT_EQ(at(operation, kItems + ".0.metadata"), R"({"key":"a","n":[1]})");
  EXPECT_EQ(at(operation, kItems + ".1.response.candidates.0.content.parts.0.text"), "echo: two");
  EXPECT_EQ(at(operation, kItems + ".1.metadata"), "");
  EXPECT_EQ(at(operation, kItems + ".2.metadata.key"), "c");
  EXPECT_EQ(at(operation, kItems + ".2.key"), "");
  EXPECT_TRUE(at(operation, "response.@type").ends_with("GenerateContentBatchOutput"));
  EXPECT_EQ(provider.download(job).status, 403);  // there is no file

  const auto listed = provider.call("GET", "/v1beta/batches").body;
  EXPECT_EQ(at(listed, "operations.0.name"), job);
  EXPECT_EQ(at(listed, "operations.0.metadata.output"), "");  // lists leave them out
  EXPECT_EQ(at(listed, "operations.0.response"), "");
}

TEST(Inline, IsBookedByTheKeysOfTheMetadata) {
  Provider provider;
  provider.end_of(at(create_inline(provider, body_of(item("one", R"({"key":"a"})"))).body, "name"));
  const auto rows = provider.ledger("line");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(at(rows[0], "key"), "a");
  EXPECT_EQ(at(rows[0], "prompt_sha256"), json::hex(json::sha256("one")));
  EXPECT_EQ(at(provider.ledger("job").at(0), "file"), "");
}

TEST(Inline, BothSpellings) {
  Provider provider;
  const auto body =
      R"({"batch":{"display_name":"t","input_config":{"requests":{"requests":[)" + item("x", "") + "]}}}}";
  EXPECT_EQ(create_inline(provider, body).status, 200);
}

TEST(Inline, ErrorsAreItems) {
  Provider provider(R"({"rules":[{"on":"line","nth":1,"do":"error","code":13,"message":"no"}]})");
  const auto created =
      create_inline(provider, body_of(item("one", R"({"key":"a"})") + "," + item("two", R"({"key":"b"})")));
  const auto operation = provider.end_of(at(created.body, "name"));
  EXPECT_EQ(at(operation, kItems + ".0"), R"({"error":{"code":13,"message":"no"},"metadata":{"key":"a"}})");
  EXPECT_EQ(at(operation, "metadata.batchStats.failedRequestCount"), "1");
}

TEST(Inline, FaultsOfLinesKeepTheDocumentWhole) {
  Provider provider(R"({"rules":[{"on":"line","nth":1,"do":"garbage"},{"on":"line","nth":2,"do":"no_key"},
                                 {"on":"line","nth":3,"do":"foreign"}]})");
  std::string items;
  for (const auto* key : {"a", "b", "c"}) {
    items += (items.empty() ? "" : ",") + item(key, std::string(R"({"key":")") + key + "\"}");
  }
  const auto operation = provider.end_of(at(create_inline(provider, body_of(items)).body, "name"));
  EXPECT_EQ(at(operation, kItems + ".0"), "{}");
  EXPECT_EQ(at(operation, kItems + ".1.metadata"), "");
  EXPECT_EQ(at(operation, kItems + ".2.metadata.key"), "c");
  EXPECT_TRUE(at(operation, kItems + ".3.metadata.key").starts_with("nobody-"));
}

TEST(Inline, Embeddings) {
  Provider provider;
  const auto body =
      body_of(R"({"request":{"content":{"parts":[{"text":"a"}]},"outputDimensionality":2},"metadata":{"key":"k"}})");
  const auto created = create_inline(provider, body, "gemini-embedding-001:asyncBatchEmbedContent");
  ASSERT_EQ(created.status, 200) << created.body;
  const auto operation = provider.end_of(at(created.body, "name"));
  EXPECT_EQ(at(operation, kItems + ".0.response.embedding.values"), "[0.1861,0.3041]");
  EXPECT_EQ(at(operation, kItems + ".0.metadata.key"), "k");
}

TEST(Inline, Refusals) {
  Provider provider;
  const auto unknown =
      create_inline(provider, body_of(item("x", "") + R"(,{"request":{"contents":[],"thinking_config":{}}})"));
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(at(unknown.body, "error.message"),
            "Invalid JSON payload received. Unknown name \"thinking_config\" at "
            "'batch.input_config.requests.requests[1].request': Cannot find field.");
  EXPECT_EQ(create_inline(provider, body_of("")).status, 400);
  EXPECT_EQ(create_inline(provider, body_of(item("x", "[]"))).status, 400);
  const auto both =
      R"({"batch":{"inputConfig":{"fileName":"files/a","requests":{"requests":[)" + item("x", "") + "]}}}}";
  EXPECT_NE(create_inline(provider, both).body.find("oneof"), std::string::npos);
  EXPECT_EQ(provider.ledger("job").size(), 0U);
}

TEST(Inline, ConditionsSeeThePrompts) {
  Provider provider(R"({"rules":[{"on":"create","do":"status","status":503,"if_prompt_contains":"POISON"}]})");
  EXPECT_EQ(create_inline(provider, body_of(item("fine", ""))).status, 200);
  EXPECT_EQ(create_inline(provider, body_of(item("a POISON b", ""))).status, 503);
}

TEST(Inline, LargeOnesComeWhole) {
  Provider provider;
  std::string items;
  const std::string text(4000, 'x');
  for (int i = 0; i < 1500; ++i) items += (i == 0 ? "" : ",") + item(text, R"({"key":"k)" + std::to_string(i) + "\"}");
  const auto operation = provider.end_of(at(create_inline(provider, body_of(items)).body, "name"));
  EXPECT_EQ(at(operation, kItems + ".1499.metadata.key"), "k1499");
  EXPECT_EQ(at(operation, "response.inlinedResponses.inlinedResponses.1499.metadata.key"), "k1499");
}

}  // namespace
}  // namespace batchd::emulator
