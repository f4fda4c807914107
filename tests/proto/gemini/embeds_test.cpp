// Many requests in one body, and finding the embedding in a response.
#include <gtest/gtest.h>

#include "core/limits.h"
#include "proto/gemini/embeds.h"
#include "proto/json/digest.h"

namespace batchd::proto {
namespace {

const core::RequestRules kEmbedRules{.media = {{"data", ""}}, .dropped = {}};

struct EmbedsRead {
  bool fine = false;
  std::vector<EmbedItem> items;
  std::string code, detail;
};
EmbedsRead read_embeds(std::string_view body, std::size_t cut) {
  EmbedsReader reader("m", kEmbedRules);
  EmbedsRead read;
  bool open = reader.feed(body.substr(0, cut));
  std::vector<std::string> first;
  for (auto& item : reader.items()) first.push_back(std::exchange(item.request, {}));  // as code that spools it does
  if (open) reader.feed(body.substr(cut));
  read.fine = reader.finish();
  read.items = reader.items();
  for (std::size_t i = 0; i < first.size(); ++i) read.items[i].request.insert(0, first[i]);
  if (!read.fine) read = {.items = {}, .code = reader.fault().code, .detail = reader.fault().detail};
  return read;
}

std::string list_of(std::size_t items) {
  std::string body = R"({"requests":[)";
  for (std::size_t i = 0; i < items; ++i) body += i == 0 ? "{}" : ",{}";
  return body + "]}";
}

TEST(EmbedsReader, EachItemPassesAsACallOfItsOwn) {
  const std::string first =
      R"({"model":"models/m","content":{"parts":[{"text":"a]}\"[{"}]},"outputDimensionality":1.50})";
  const std::string second = R"({ "x" : [[{}],{"requests":[1]}] , "taskType":"Q" })";
  const std::string body = " {\"model\":\"m\",\n\"requests\" : [ " + first + "\n,\t" + second + ",{} ] } ";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    const auto result = read_embeds(body, cut);
    ASSERT_TRUE(result.fine) << "cut at " << cut << ": " << result.detail;
    ASSERT_EQ(result.items.size(), 3U) << cut;
    EXPECT_EQ(result.items[0].request, R"({"content":{"parts":[{"text":"a]}\"[{"}]},"outputDimensionality":1.50})");
    EXPECT_EQ(result.items[1].request, R"({"x":[[{}],{"requests":[1]}],"taskType":"Q"})");
    EXPECT_EQ(result.items[2].request, "{}");
    EXPECT_EQ(result.items[0].digest, json::sha256(first));
    EXPECT_EQ(result.items[1].digest, json::sha256(second));
    for (const auto& item : result.items) EXPECT_TRUE(item.complete && item.tokens > 0);
  }
}

TEST(EmbedsReader, Bounds) {
  EXPECT_EQ(read_embeds(list_of(kEmbedsPerCallMax), 7).items.size(), kEmbedsPerCallMax);
  EXPECT_EQ(read_embeds(list_of(kEmbedsPerCallMax + 1), 7).code, "bad_request");
  const auto nested = [](std::size_t depth) {
    const auto inner = depth - 1;  // the item's own braces
    return R"({"requests":[{"a":)" + std::string(inner, '[') + std::string(inner, ']') + "}]}";
  };
  EXPECT_TRUE(read_embeds(nested(core::kJsonDepthMax), 3).fine);
  EXPECT_EQ(read_embeds(nested(core::kJsonDepthMax + 1), 3).code, "bad_json");
}

TEST(EmbedsReader, Faults) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", "bad_json"},
      {"[]", "not_an_object"},
      {"{}", "missing_member"},
      {R"({"requests":[]})", "bad_request"},
      {R"({"requests":{}})", "bad_request"},
      {R"({"requests":"x"})", "bad_request"},
      {R"({"requests":null})", "bad_request"},
      {R"({"requests":[7]})", "bad_request"},
      {R"({"requests":[{},"x"]})", "bad_request"},
      {R"({"requests":[{},[{}]]})", "bad_request"},
      {R"({"requests":[{},]})", "bad_json"},
      {R"({"requests":[{}{}]})", "bad_json"},
      {R"({"requests":[{}])", "bad_json"},
      {R"({"requests":[{"a":1})", "bad_json"},
      {R"({"requests":[{}],"requests":[{}]})", "duplicate_member"},
      {R"({"requests":[{}],"other":1})", "unknown_member"},
      {R"({"requests":[{}],"model":"models/other"})", "bad_model"},
      {R"({"requests":[{"model":"m"},{"model":"other"}]})", "bad_model"},
      {R"({"requests":[{"model":7}]})", "bad_model"},
  };
  for (const auto& [body, code] : table)
    for (std::size_t cut = 0; cut <= body.size(); ++cut)
      EXPECT_EQ(read_embeds(body, cut).code, code) << body << ' ' << cut;
  EXPECT_EQ(read_embeds("\xEF\xBB\xBF{}", 0).detail.find("the body begins with a byte order mark"), 0U);
  EXPECT_TRUE(read_embeds(table[17].first, 4).detail.starts_with("requests[1]: "))
      << read_embeds(table[17].first, 4).detail;
}

TEST(EmbeddingScan, FindsIt) {
  const std::string text = R"({"tokenCount":"1","x":{"embedding":{}},"embedding": {"values":[0.1,-2.50e-3]} ,"u":1})";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EmbeddingScan scan;
    scan.feed(std::string_view(text).substr(0, cut));
    scan.feed(std::string_view(text).substr(cut));
    const auto span = scan.finish();
    ASSERT_TRUE(span) << cut;
    EXPECT_EQ(text.substr(static_cast<std::size_t>(span->offset), static_cast<std::size_t>(span->bytes)),
              R"({"values":[0.1,-2.50e-3]})");
  }
  for (const std::string_view other : {"{}", R"({"embeddings":[{}]})", R"({"embedding":[1]})", R"({"embedding":null})",
                                       R"({"embedding":{},"embedding":{}})", R"({"embedding":{})", "7"}) {
    EmbeddingScan scan;
    scan.feed(other);
    EXPECT_FALSE(scan.finish()) << other;
  }
}

}  // namespace
}  // namespace batchd::proto
