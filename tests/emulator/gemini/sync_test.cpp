// The calls that answer at once.
#include <gtest/gtest.h>

#include "emulator/dialect/answers.h"
#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

Reply post(Provider& provider, const std::string& call, const std::string& body) {
  return provider.call("POST", "/v1beta/models/" + call, body);
}

std::string prompt(const std::string& text) { return R"({"contents":[{"parts":[{"text":")" + text + "\"}]}]}"; }

// The events of a stream, checked for the framing that all SDKs can read.
std::vector<std::string> events(const std::string& body) {
  std::vector<std::string> out;
  EXPECT_EQ(body.find('\r'), std::string::npos);
  std::string_view rest = body;
  while (!rest.empty()) {
    const auto end = rest.find("\n\n");
    if (end == std::string_view::npos) {
      ADD_FAILURE() << "the stream ends within an event: " << rest;
      return out;
    }
    out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 2);
  }
  return out;
}

std::string text_of(const std::string& response) { return at(response, "candidates.0.content.parts.0.text"); }

TEST(Sync, GenerateHasAllMembers) {
  Provider provider;
  const auto reply = post(provider, "gemini-2.5-flash:generateContent", prompt("hello"));
  EXPECT_EQ(text_of(reply.body), "echo: hello");
  EXPECT_EQ(at(reply.body, "candidates.0.content.role"), "model");
  EXPECT_EQ(at(reply.body, "candidates.0.finishReason"), "STOP");
  EXPECT_EQ(at(reply.body, "usageMetadata.promptTokenCount"), "2");
  EXPECT_EQ(at(reply.body, "usageMetadata.totalTokenCount"), "5");
  EXPECT_EQ(at(reply.body, "modelVersion"), "gemini-2.5-flash");
  EXPECT_NE(at(reply.body, "responseId"), "");
}

TEST(Sync, StreamAsEvents) {
  Provider provider;
  const std::string text(100, 'x');
  const auto reply = post(provider, "gemini-x:streamGenerateContent?alt=sse", prompt(text));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(reply.headers.at("transfer-encoding"), "chunked");
  const auto all = events(reply.body);
  ASSERT_GT(all.size(), 2U);
  std::string whole;
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_TRUE(all[i].starts_with("data: {")) << all[i];
    EXPECT_EQ(all[i].find('\n'), std::string::npos);
    const auto element = all[i].substr(6);
    whole += text_of(element);
    EXPECT_EQ(at(element, "candidates.0.finishReason"), i + 1 == all.size() ? "STOP" : "");
    EXPECT_NE(at(element, "usageMetadata.promptTokenCount"), "");
    EXPECT_EQ(at(element, "responseId"), at(all[0].substr(6), "responseId"));
  }
  EXPECT_EQ(whole, "echo: " + text);
  EXPECT_EQ(provider.ledger("generate").size(), 1U);
}

TEST(Sync, StreamEscapesWhatReadersOfLinesStumbleOver) {
  Provider provider;
  const auto reply = post(provider, "gemini-x:streamGenerateContent?alt=sse",
                          prompt("a\xE2\x80\xA8"
                                 "b\xE2\x80\xA9"
                                 "c\xC2\x85"));
  EXPECT_EQ(reply.body.find("\xE2\x80\xA8"), std::string::npos);
  EXPECT_EQ(reply.body.find("\xC2\x85"), std::string::npos);
  EXPECT_NE(reply.body.find("a\\u2028b\\u2029c\\u0085"), std::string::npos) << reply.body;
}

TEST(Sync, StreamCutsNoCharacter) {
  Provider provider;
  std::string text;
  for (int i = 0; i < 30; ++i) text += "\xE2\x82\xAC";
  std::string whole;
  for (const auto& event : events(post(provider, "gemini-x:streamGenerateContent?alt=sse", prompt(text)).body)) {
    whole += text_of(event.substr(6));
  }
  EXPECT_EQ(whole, "echo: " + text);
}

TEST(Sync, StreamAsOneArray) {
  Provider provider;
  const auto reply = post(provider, "gemini-x:streamGenerateContent", prompt(std::string(100, 'x')));
  EXPECT_TRUE(reply.headers.at("content-type").starts_with("application/json"));
  EXPECT_TRUE(reply.body.starts_with("[{"));
  EXPECT_NE(text_of(at(reply.body, "1")), "");
  const auto refused = post(provider, "gemini-x:streamGenerateContent", "{}");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(at(refused.body, "0.error.status"), "INVALID_ARGUMENT");  // the error is an element, too
  EXPECT_EQ(at(post(provider, "gpt-4:streamGenerateContent?alt=sse", prompt("x")).body, "error.code"), "404");
}

TEST(Sync, StreamEndingError) {
  Provider provider({}, {.switches = {{"stream-ending", "error"}}});
  const auto reply = post(provider, "gemini-x:streamGenerateContent?alt=sse", prompt(std::string(100, 'x')));
  EXPECT_EQ(reply.status, 200);
  const auto all = events(reply.body);
  ASSERT_GE(all.size(), 2U);
  EXPECT_TRUE(all[0].starts_with("data: "));
  EXPECT_EQ(at(all.back(), "error.status"), "UNAVAILABLE") << "raw JSON: " << all.back();
  EXPECT_EQ(reply.body.find("STOP"), std::string::npos);
  const auto array = post(provider, "gemini-x:streamGenerateContent", prompt("x")).body;
  EXPECT_EQ(at(array, "1.error.code"), "503") << array;
}

TEST(Sync, CountTokens) {
  Provider provider;
  const auto plain = post(provider, "gemini-x:countTokens", prompt("12345678"));
  EXPECT_EQ(plain.body, R"({"totalTokens":2,"promptTokensDetails":[{"modality":"TEXT","tokenCount":2}]})");
  const auto wrapped =
      R"({"generateContentRequest":{"model":"models/gemini-x","contents":[{"parts":[{"text":"1234"}]}]}})";
  EXPECT_EQ(at(post(provider, "gemini-x:countTokens", wrapped).body, "totalTokens"), "1");
  EXPECT_EQ(post(provider, "gemini-x:countTokens", "{}").status, 400);
  EXPECT_EQ(post(provider, "gpt-4:countTokens", prompt("x")).status, 404);
  EXPECT_EQ(provider.ledger("generate").size(), 0U);
}

TEST(Sync, EmbedContent) {
  Provider provider;
  const auto body = R"({"content":{"parts":[{"text":"a"}]},"outputDimensionality":2,"taskType":"RETRIEVAL_QUERY"})";
  EXPECT_EQ(post(provider, "gemini-embedding-001:embedContent", body).body,
            R"({"embedding":{"values":[0.1861,0.3041]}})");
  EXPECT_EQ(provider.ledger("generate").size(), 1U);
  EXPECT_EQ(post(provider, "gemini-embedding-001:embedContent", "{}").status, 400);
  const auto wrong = post(provider, "gemini-2.5-flash:embedContent", body);
  EXPECT_EQ(wrong.status, 404);
  EXPECT_NE(at(wrong.body, "error.message").find("not supported for embedContent"), std::string::npos);
}

TEST(Sync, BatchEmbedContents) {
  Provider provider;
  const std::string one =
      R"({"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]},"output_dimensionality":2})";
  const std::string two = R"({"content":{"parts":[{"text":"b"}]}})";
  const auto reply =
      post(provider, "gemini-embedding-001:batchEmbedContents", R"({"requests":[)" + one + "," + two + "]}");
  EXPECT_EQ(reply.body, R"({"embeddings":[{"values":[0.1861,0.3041]},{"values":)" + embedding_values("b", 4) + "}]}");
  EXPECT_EQ(provider.ledger("generate").size(), 2U);
  std::string many = two;
  for (int i = 0; i < 100; ++i) many += "," + two;
  EXPECT_EQ(post(provider, "gemini-embedding-001:batchEmbedContents", R"({"requests":[)" + many + "]}").status, 400);
  EXPECT_EQ(post(provider, "gemini-embedding-001:batchEmbedContents", R"({"requests":[]})").status, 400);
}

TEST(Models, ListInPagesOfBothVersions) {
  Provider provider;
  const auto all = provider.call("GET", "/v1/models").body;
  EXPECT_EQ(at(all, "nextPageToken"), "");
  EXPECT_NE(at(all, "models.0.supportedGenerationMethods").find("\"batchGenerateContent\""), std::string::npos);
  EXPECT_EQ(at(all, "models.0.inputTokenLimit"), "1048576");
  std::string token;
  std::size_t pages = 0;
  std::string last;
  do {
    const auto page = provider.call("GET", "/v1beta/models?pageSize=4&pageToken=" + token).body;
    EXPECT_EQ(at(page, "models.4"), "");
    last = at(page, "models.0.name");
    token = at(page, "nextPageToken");
  } while (++pages < 10 && !token.empty());
  EXPECT_EQ(pages, 2U);
  EXPECT_EQ(last, at(all, "models.4.name"));
  EXPECT_EQ(provider.call("GET", "/v1beta/models?pageToken=x").status, 400);
}

}  // namespace
}  // namespace batchd::emulator
