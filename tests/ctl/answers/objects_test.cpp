#include "ctl/answers/objects.h"

#include <gtest/gtest.h>

#include "ctl/answers/document.h"
#include "ctl/answers/gemini.h"
#include "ctl/console/console.h"

namespace batchd::ctl {
namespace {

TEST(Objects, ValuesAreCopiedVerbatim) {
  const auto members = scan_members(R"({"id": "a\u0041", "response":{"n": 1e99999, "key": [1,2 ]}, "s":"\ud800"})");
  ASSERT_TRUE(members);
  EXPECT_EQ(members->at("response"), R"({"n": 1e99999, "key": [1,2 ]})");
  EXPECT_EQ(text_member(*members, "id"), "aA");
  EXPECT_EQ(text_member(*members, "missing"), "");
  EXPECT_FALSE(scan_members("[1]"));
  EXPECT_FALSE(scan_members(R"({"id":1,"id":2})"));
  EXPECT_FALSE(scan_members(R"({"id":1} x)"));
}

TEST(Objects, TheTextOfAnAnswerIsJoined) {
  EXPECT_EQ(answer_text(R"({"candidates":[{"content":{"parts":[{"text":"a"},{"text":"b\n"}]}}]})"), "ab\n");
  for (const char* other : {"{}", "[]", R"({"candidates":[]})", R"({"candidates":[{"content":{"parts":[{"x":1}]}}]})",
                            R"({"candidates":[{"content":{"parts":7}}]})",
                            // what text alone would drop
                            R"({"candidates":[{"content":{"parts":[{"text":"a"},{"functionCall":{}}]}}]})",
                            R"({"candidates":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[]}}]})"})
    EXPECT_EQ(answer_text(other), std::nullopt) << other;
}

TEST(Objects, WhatADocumentModelCantTakeIsRefusedNotRead) {
  EXPECT_FALSE(read_document(std::string(10'000, '[') + std::string(10'000, ']')));
  EXPECT_FALSE(read_document("[1" + std::string(100, '0') + "e-99999]"));
  EXPECT_FALSE(answer_text(R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}],"n":1e99999})"));
}

TEST(Objects, ErrorsAreToldInWords) {
  EXPECT_EQ(error_words(R"({"code":13,"status":"INTERNAL","message":"boom","source":"provider"})"), "INTERNAL: boom");
  EXPECT_EQ(error_words(R"({"title":"T","status":404,"detail":"no such request","hint":"look"})"),
            "no such request\nhint: look");
  EXPECT_EQ(error_words("plain"), "plain");
}

TEST(Objects, ElementsOfAnArrayAreCutOutVerbatim) {
  using Elements = std::vector<std::string_view>;
  EXPECT_EQ(elements_of(R"( [ {"a":[1,{"b":"],}\\\""}]} , 2.50,"x,y" ,[] ] )"),
            (Elements{R"({"a":[1,{"b":"],}\\\""}]})", "2.50", R"("x,y")", "[]"}));
  for (const char* none : {"[]", " [ ] ", "", "7"}) EXPECT_EQ(elements_of(none), Elements{}) << none;
}

TEST(Objects, WhatOthersWroteCannotSteerATerminal) {
  EXPECT_EQ(printable("a\x1b[2J\tb\x7f\xc2\x9b"
                      "c\xc3\x9f"),
            "a [2J b   c\xc3\x9f");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(std::uint64_t{3} << 29), "1.5 GiB");
}

TEST(Objects, StatesThatEndAreKnown) {
  for (const char* state : {"succeeded", "failed", "cancelled", "expired"}) EXPECT_TRUE(is_finished(state));
  for (const char* state : {"queued", "packed", "", "other"}) EXPECT_FALSE(is_finished(state));
}

}  // namespace
}  // namespace batchd::ctl
