// The number of tokens that the provider counted, read from result lines.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/proto/gemini/talk.h"

namespace batchd::proto {
namespace {

using Kind = core::ResultLine::Kind;

const std::string kTokensKeyMember = "\"key\":\"" + core::wire_key(core::BatchId{7}, core::RequestId{9}) + '"';
std::string line(const std::string& response) { return R"({"response":)" + response + "," + kTokensKeyMember + "}"; }

struct TokensRow {
  std::string response;
  std::optional<std::int64_t> tokens;
};
void PrintTo(const TokensRow& row, std::ostream* out) { *out << row.response.substr(0, 200); }

class PromptTokens : public testing::TestWithParam<TokensRow> {};

// Whatever is said of tokens: the line is a success.
TEST_P(PromptTokens, InAnyFragmentation) {
  const auto reader = make_gemini()->result_reader();
  const auto text = line(GetParam().response);
  const std::string_view bytes = text;
  const std::size_t step = bytes.size() > 2000 ? bytes.size() / 50 : 1;
  for (std::size_t cut = 0; cut <= bytes.size(); cut += step) {
    reader->feed(bytes.substr(0, cut));
    reader->feed(bytes.substr(cut));
    const auto read = reader->end_line();
    ASSERT_EQ(read.kind, Kind::success) << "cut at " << cut;
    EXPECT_EQ(read.prompt_tokens, GetParam().tokens) << "cut at " << cut;
  }
  for (const char byte : bytes) reader->feed({&byte, 1});
  EXPECT_EQ(reader->end_line().prompt_tokens, GetParam().tokens);
}

INSTANTIATE_TEST_SUITE_P(
    Told, PromptTokens,
    testing::Values(
        TokensRow{
            R"({"candidates":[{"content":{"parts":[{"text":"hi"}],"role":"model"},"finishReason":"STOP","index":0}],)"
            R"("usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":11,"totalTokenCount":848,)"
            R"("promptTokensDetails":[{"modality":"TEXT","tokenCount":9}],"thoughtsTokenCount":829},)"
            R"("modelVersion":"gemini-2.5-flash","responseId":"aB3"})",
            8},
        TokensRow{R"({"usageMetadata":{"totalTokenCount":8,"promptTokenCount":"123"}})", 123},
        TokensRow{R"({ "usageMetadata" : { "promptTokenCount" : 5 } })", 5},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":0}})", 0},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":999999999999}})", 999'999'999'999},
        TokensRow{R"({"tokenCount":"1","embedding":{"values":[0.1,-2e-3]}})", 1},
        TokensRow{R"({"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":81}})", 81},
        TokensRow{R"({"tokenCount":"7","usageMetadata":{"promptTokenCount":81}})", 81}));

INSTANTIATE_TEST_SUITE_P(
    OnlyLooksLikeIt, PromptTokens,
    testing::Values(
        TokensRow{R"({"text":"\"usageMetadata\":{\"promptTokenCount\":8}"})", std::nullopt},
        TokensRow{R"({"text":"\\","a":"},\"usageMetadata\":{\"promptTokenCount\":8},{"})", std::nullopt},
        TokensRow{R"({"candidates":[{"usageMetadata":{"promptTokenCount":8},"tokenCount":5}]})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"details":[{"promptTokenCount":8}],"text":"promptTokenCount\":8"}})",
                  std::nullopt},
        TokensRow{R"({"text":"\"usageMetadata\":{\"promptTokenCount\":8}","usageMetadata":{"promptTokenCount":3}})",
                  3}));

INSTANTIATE_TEST_SUITE_P(
    Odd, PromptTokens,
    testing::Values(
        TokensRow{"{}", std::nullopt}, TokensRow{R"({"usageMetadata":{}})", std::nullopt},
        TokensRow{R"({"usageMetadata":null})", std::nullopt}, TokensRow{R"({"usageMetadata":[8]})", std::nullopt},
        TokensRow{R"({"usageMetadata":"promptTokenCount"})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":-8}})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":8.5}})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":1e3}})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":""}})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":"eight"}})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":[8]}})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":1000000000000}})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":)" + std::string(100'000, '1') + "}}", std::nullopt},
        TokensRow{R"({"usageMetadata":{"a":")" + std::string(100'000, 'x') + R"(","promptTokenCount":4}})", 4},
        // twice is never
        TokensRow{R"({"usageMetadata":{"promptTokenCount":8},"usageMetadata":{"promptTokenCount":8}})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":8,"promptTokenCount":8}})", std::nullopt},
        TokensRow{R"({"tokenCount":"1","tokenCount":"1"})", std::nullopt},
        // balanced, but no JSON: a paid result all the same
        TokensRow{R"({"usageMetadata":{"promptTokenCount" 8}})", std::nullopt},
        TokensRow{R"({"usageMetadata":{"promptTokenCount":8},x})", std::nullopt},
        TokensRow{R"({{"usageMetadata":{"promptTokenCount":8}}})", std::nullopt}));

TEST(PromptTokenLines, NothingOfOneLineStaysForTheNext) {
  const auto reader = make_gemini()->result_reader();
  reader->feed(line(R"({"usageMetadata":{"promptTokenCount":8}})"));
  EXPECT_EQ(reader->end_line().prompt_tokens, 8);
  reader->feed(line("{}"));
  EXPECT_EQ(reader->end_line().prompt_tokens, std::nullopt);
  reader->feed(line(R"({"x":{"promptTokenCount":8)"));  // cut
  EXPECT_EQ(reader->end_line().kind, Kind::unreadable);
  reader->feed(line(R"({"usageMetadata":{"promptTokenCount":9}})"));
  EXPECT_EQ(reader->end_line().prompt_tokens, 9);
}

// Any text in the answer changes neither the number nor what the line is.
TEST(PromptTokenLines, AnyTextBesideIt) {
  const auto reader = make_gemini()->result_reader();
  rc::check([&](const std::string& text) {
    std::string quoted;
    for (const char c : text) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    reader->feed(line(R"({"text":")" + quoted + R"(","usageMetadata":{"promptTokenCount":6}})"));
    const auto read = reader->end_line();
    RC_ASSERT(read.kind == Kind::success);
    RC_ASSERT(read.prompt_tokens == 6);
  });
}

}  // namespace
}  // namespace batchd::proto
