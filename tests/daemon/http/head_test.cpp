// The head parser without a socket.
#include "daemon/http/head.h"

#include <gtest/gtest.h>

#include <random>

namespace batchd::daemon {
namespace {

TEST(HttpServerHead, DecodesPathAndQueryInOrder) {
  const std::string text =
      "POST /v1/a%2Fb/%C3%A9?key=a+b%26&key=2&empty=&flag&&x=%3d HTTP/1.1\r\nHost: h\r\nX-Odd:\t v \r\n"
      "Content-Length: 12\r\n\r\n";
  ASSERT_EQ(find_head_end(text + "body"), text.size());
  const auto parsed = parse_head(text);
  ASSERT_TRUE(std::holds_alternative<ParsedHead>(parsed));
  const auto& head = std::get<ParsedHead>(parsed).head;
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.path, "/v1/a/b/\xc3\xa9");
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(head.query, (Pairs{{"key", "a b&"}, {"key", "2"}, {"empty", ""}, {"flag", ""}, {"x", "="}}));
  EXPECT_EQ(head.query_value("key"), "a b&");
  EXPECT_EQ(head.query_value("none"), std::nullopt);
  EXPECT_EQ(head.header("x-odd"), "v");
  EXPECT_EQ(head.content_length, 12);
}

TEST(HttpServerHead, EndsOnlyAtAnEmptyLineOrABareLineFeed) {
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\nHost: h\r\n"), std::string_view::npos);
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\nHost: h\r\n\r"), std::string_view::npos);
  EXPECT_EQ(find_head_end("a\r\n\r\nb"), 5u);
  EXPECT_EQ(find_head_end("a\nb"), 2u);
  EXPECT_EQ(find_head_end("\r\n"), 2u);
}

// Damage in any place never crashes, and a head that is taken has exactly one Host, and its body one meaning.
TEST(HttpServerHead, SurvivesDamage) {
  const std::string good =
      "POST /a/b?c=%41 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
  const std::string chunked =
      "POST /a/b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
  std::mt19937 random(1);
  const auto below = [&random](std::size_t bound) { return static_cast<std::size_t>(random()) % bound; };
  for (int i = 0; i < 200'000; ++i) {
    auto text = i % 2 == 0 ? good : chunked;
    for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
      constexpr std::string_view kBytes("\r\n :%/.0A\0\x7f\xff\t?#+", 17);
      const auto at = below(text.size());
      switch (below(3)) {
        case 0:
          text[at] = kBytes[below(kBytes.size())];
          break;
        case 1:
          text.insert(at, 1, kBytes[below(kBytes.size())]);
          break;
        case 2:
          text.erase(at, 1 + below(8));
          break;
      }
      if (text.empty()) break;
    }
    const auto end = find_head_end(text);
    const auto parsed = parse_head(std::string_view(text).substr(0, end));
    if (const auto* taken = std::get_if<ParsedHead>(&parsed)) {
      const auto& headers = taken->head.headers;
      EXPECT_EQ(std::ranges::count(headers, "host", [](const auto& field) { return field.first; }), 1);
      const auto lengths = std::ranges::count(headers, "content-length", [](const auto& field) { return field.first; });
      EXPECT_LE(lengths + (taken->head.chunked ? 1 : 0), 1);
      EXPECT_EQ(taken->head.header("transfer-encoding").empty(), !taken->head.chunked);
      EXPECT_FALSE(taken->head.chunked && taken->old_client);
      EXPECT_EQ(taken->head.path.find('\0'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace batchd::daemon
