#include <gtest/gtest.h>

#include "emulator/dialect/answers.h"
#include "proto/json/digest.h"
#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

std::string embed_line(const std::string& key, const std::string& text, const std::string& more = "") {
  return R"({"key":")" + key + R"(","request":{"content":{"parts":[{"text":")" + text + "\"}]}" + more + "}}\n";
}

Reply create_embeddings(Provider& provider, const std::string& file, const std::string& model) {
  return provider.call("POST", "/v1beta/models/" + model + ":asyncBatchEmbedContent",
                       R"({"batch":{"displayName":"t","inputConfig":{"fileName":")" + file + R"("}}})");
}

// The lines of the result, by key.
std::map<std::string, std::string> results(Provider& provider, const std::string& job) {
  std::map<std::string, std::string> found;
  std::istringstream text(provider.download(job).body);
  for (std::string line; std::getline(text, line);) found[at(line, "key")] = line;
  return found;
}

TEST(Embeddings, LifeAndResults) {
  Provider provider;
  const auto input = embed_line("a", "one") + embed_line("b", "two", R"(,"output_dimensionality":2)") +
                     embed_line("c", "two", R"(,"outputDimensionality":20,"taskType":"RETRIEVAL_QUERY")");
  const auto created = create_embeddings(provider, provider.upload(input), "gemini-embedding-001");
  ASSERT_EQ(created.status, 200) << created.body;
  EXPECT_TRUE(at(created.body, "metadata.@type").ends_with("v1main.EmbedContentBatch")) << created.body;
  const auto job = at(created.body, "name");
  const auto operation = provider.end_of(job);
  EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_TRUE(at(operation, "response.@type").ends_with("v1main.EmbedContentBatchOutput")) << operation;

  auto lines = results(provider, job);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(at(lines["a"], "response.tokenCount"), "1");
  EXPECT_EQ(at(lines["a"], "response.usageMetadata"), "");
  EXPECT_NE(lines["a"].find(R"("embedding":{"values":)" + embedding_values("one", 4) + "}"), std::string::npos);
  EXPECT_NE(lines["b"].find(embedding_values("two", 2)), std::string::npos) << lines["b"];
  EXPECT_NE(lines["c"].find(embedding_values("two", 20)), std::string::npos) << lines["c"];
  EXPECT_EQ(at(provider.ledger("line").at(0), "prompt_sha256"), json::hex(json::sha256("one")));
  EXPECT_EQ(at(provider.ledger("line").at(0), "billed"), "billed");
}

TEST(Embeddings, ValuesComeFromTheDigest) {
  // SHA-256("a") begins ca97 8112: 51863 % 20001 - 10000 and 33042 % 20001 - 10000
  EXPECT_EQ(embedding_values("a", 2), "[0.1861,0.3041]");
  EXPECT_NE(embedding_values("a", 4), embedding_values("b", 4));
  const auto twice = embedding_values("a", 18);  // sixteen numbers, then again from the first
  EXPECT_TRUE(twice.ends_with(",0.1861,0.3041]")) << twice;
}

TEST(Embeddings, LaterModelsTellTokensAsAllModelsDo) {
  Provider provider;
  const auto created = create_embeddings(provider, provider.upload(embed_line("a", "12345678")), "gemini-embedding-2");
  const auto job = at(created.body, "name");
  provider.end_of(job);
  const auto line = results(provider, job)["a"];
  EXPECT_EQ(at(line, "response.usageMetadata.promptTokenCount"), "2");
  EXPECT_EQ(at(line, "response.tokenCount"), "");
}

TEST(Embeddings, EachModelDoesOneWork) {
  Provider provider;
  const auto wrong = create_embeddings(provider, provider.upload(embed_line("a", "1")), "gemini-2.5-flash");
  EXPECT_EQ(wrong.status, 404);
  EXPECT_EQ(at(wrong.body, "error.message"),
            "models/gemini-2.5-flash is not found for API version v1beta, or is not supported for "
            "asyncBatchEmbedContent. Call ListModels to see the list of available models and their supported methods.");
  const auto converse = provider.create(provider.upload(line("a", "1")), "t", "gemini-embedding-001");
  EXPECT_EQ(converse.status, 404);
  EXPECT_NE(at(converse.body, "error.message").find("not supported for batchGenerateContent"), std::string::npos);
  EXPECT_EQ(provider.ledger("job").size(), 0U);

  const auto models = provider.call("GET", "/v1beta/models").body;
  EXPECT_NE(models.find(R"("models/gemini-embedding-001")"), std::string::npos);
  EXPECT_NE(
      provider.call("GET", "/v1beta/models/gemini-embedding-001")
          .body.find(
              R"("supportedGenerationMethods":["embedContent","countTextTokens","countTokens","asyncBatchEmbedContent"])"),
      std::string::npos);
}

TEST(Embeddings, BadLinesAreNamed) {
  Provider provider;
  const auto input = embed_line("a", "1") + line("b", "contents are for others") +
                     embed_line("c", "3", R"(,"outputDimensionality":0)") +
                     embed_line("d", "4", R"(,"outputDimensionality":"4")");
  const auto reply = create_embeddings(provider, provider.upload(input), "gemini-embedding-001");
  EXPECT_EQ(reply.status, 400);
  const auto message = at(reply.body, "error.message");
  EXPECT_NE(message.find("Error on line 2: "), std::string::npos) << message;
  EXPECT_NE(message.find("no such field: 'contents'\nError on line 3: "), std::string::npos) << message;
  EXPECT_NE(message.find("\nError on line 4: "), std::string::npos) << message;
  EXPECT_EQ(message.find("line 1:"), std::string::npos);
}

TEST(Embeddings, RequestWithoutContentIsALineError) {
  Provider provider;
  const auto created = create_embeddings(provider,
                                         provider.upload(R"({"key":"a","request":{"title":"t"}})"
                                                         "\n"),
                                         "gemini-embedding-001");
  const auto job = at(created.body, "name");
  provider.end_of(job);
  EXPECT_EQ(at(results(provider, job)["a"], "error.code"), "3");
  EXPECT_EQ(at(provider.ledger("line").at(0), "billed"), "not billed");
}

}  // namespace
}  // namespace batchd::emulator
