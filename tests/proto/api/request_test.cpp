// One request on its way into a batch: what passes, what is left out, what it weighs.
#include "proto/api/request.h"

#include <gtest/gtest.h>

#include "core/limits.h"
#include "core/provider.h"

namespace batchd::proto {
namespace {

struct RequestRead {
  bool fine = false;
  std::string request, code;
  std::int64_t tokens = 0;
};
RequestRead read_request(const core::RequestRules& rules, std::string_view text, std::size_t cut) {
  RequestReader reader(rules);
  RequestRead read;
  read.fine = reader.feed(text.substr(0, cut), read.request) && reader.feed(text.substr(cut), read.request) &&
              reader.finish(read.request);
  read.code = reader.fault().code;
  read.tokens = reader.tokens();
  return read;
}

TEST(RequestReader, WithoutDroppedMembersEveryBytePassesButNewlines) {
  const core::RequestRules rules;
  const std::string text = "{ \"a\\n\" :\r\n[\n1.50 , \"\xE2\x80\xA8\\n\" ] }";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto read = read_request(rules, text, cut);
    ASSERT_TRUE(read.fine);
    EXPECT_EQ(read.request, "{ \"a\\n\" :  [ 1.50 , \"\xE2\x80\xA8\\n\" ] }");
  }
}

TEST(RequestReader, DropsMembersAtTheTopOnly) {
  const core::RequestRules rules{.media = {}, .dropped = {"stream", "n"}};
  const std::pair<std::string, std::string> table[] = {
      {R"({"stream":true,"messages":[{"stream":true,"n":1}],"n":{"a":[2]}})",
       R"({"messages":[{"stream":true,"n":1}]})"},
      {"{ \"a\" : 1.50 ,\n\"stream\" : \"x,}\" , \"b\":{\n} }", R"({"a":1.50,"b":{ }})"},
      {R"({"a":1,"str\u0065am":true})", R"({"a":1})"},
      {R"({"x\"\u0001":"\u00e9"})", "{\"x\\\"\\u0001\":\"\\u00e9\"}"},
      {R"({"stream":true})", "{}"},
      {"{}", "{}"},
  };
  for (const auto& [text, request] : table)
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      const auto read = read_request(rules, text, cut);
      ASSERT_TRUE(read.fine) << text << " cut at " << cut;
      EXPECT_EQ(read.request, request) << cut;
    }
  const auto long_name = "{\"" + std::string(300, 'x') + "\":1}";
  EXPECT_EQ(read_request(rules, long_name, 7).code, "bad_request");
  EXPECT_TRUE(read_request({}, long_name, 7).fine);
}

TEST(RequestReader, WeighsByTheRules) {
  const core::RequestRules rules{
      .media = {{"url", "data:"}}, .media_tokens = 1000, .text_bytes_per_token = 3, .dropped = {}};
  const std::string text = R"({"text":"123456789","url":"data:xyz","more":{"url":"abc"}})";
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(read_request(rules, text, cut).tokens, (9 + 3) / 3 + 1000 + 1);
  const core::RequestRules dropping{.media = {}, .dropped = {"text"}};
  EXPECT_EQ(read_request(dropping, text, 9).tokens, (8 + 3) / 4 + 1) << "what is left out weighs nothing";
}

TEST(RequestReader, HasABound) {
  for (const auto& dropped : {std::vector<std::string>{}, {"x"}}) {
    const core::RequestRules rules{.media = {}, .dropped = dropped};
    RequestReader reader(rules);
    std::string request;
    ASSERT_TRUE(reader.feed("{\"text\":\"", request));
    const std::string text(1 << 20, 'x');
    int pieces = 0;
    while (pieces < 100 && reader.feed(text, request)) ++pieces;
    EXPECT_EQ(pieces, 31);
    EXPECT_EQ(reader.fault().code, "too_large");
    EXPECT_EQ(reader.fault().status, 413);
    EXPECT_LE(static_cast<std::int64_t>(request.size()), core::kRequestBytesMax);
  }
}

}  // namespace
}  // namespace batchd::proto
