#include "proto/control_document.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace batchd::proto {
namespace {

TEST(ControlDocument, HostileInputsStopAtTheGate) {
  for (const std::string& text : std::vector<std::string>{
           std::string("[0.00000000000000000000"
                       "1e-2147483639]"),
           "{\"a\":[0.00000000000000000000"
           "1e-2147483639]}",
           std::string("{\"a\":1e99999}"), "{\"a\":" + std::string(65, '1') + "}", std::string(1'000'000, '['),
           std::string("{\"a\":\"\xFF\"}"), std::string("{\"a\":1}x"), std::string("[]"), std::string("1"),
           std::string(), std::string("[{},{}]"), std::string("{\"a\":\"\\ud800\"}")})
    EXPECT_FALSE(ControlDocument::parse(text).has_value()) << text.substr(0, 60);
}

TEST(ControlDocument, ReadsCamelAndSnakeAndSurvivesMoves) {
  auto first =
      ControlDocument::parse(R"([{"displayName":"a","size_bytes":"12","n":9007199254740993,"t":true,"z":null}])");
  ASSERT_TRUE(first.has_value());
  const auto second = std::move(*first);
  const auto* root = &second.root();
  EXPECT_EQ(text_member(root, "displayName"), "a");
  EXPECT_EQ(integer_member(root, "sizeBytes"), 12);
  EXPECT_EQ(integer_member(root, "n"), 9007199254740993);
  EXPECT_TRUE(true_member(root, "t"));
  EXPECT_EQ(member(root, "z"), nullptr);
  EXPECT_EQ(object_member(root, "n"), nullptr);
  EXPECT_EQ(integer_member(root, "displayName"), std::nullopt);
  EXPECT_EQ(member(nullptr, "x"), nullptr);

  const auto plain = ControlDocument::parse(R"({"a":{"b":"c"}})");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(text_member(object_member(&plain->root(), "a"), "b"), "c");
}

TEST(BoundedText, CutsBetweenCharacters) {
  EXPECT_EQ(bounded_text("abc", 3), "abc");
  EXPECT_EQ(bounded_text("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(bounded_text("a\xE2\x82\xAC"
                         "b",
                         4),
            "a\xE2\x82\xAC");
}

}  // namespace
}  // namespace batchd::proto
