// What reads large documents while they arrive: it leaves values out, takes an array apart, finds what is named. Each
// case is cut at every byte.
#include <gtest/gtest.h>

#include <functional>

#include "proto/json/elements.h"
#include "proto/json/omit.h"
#include "proto/json/references.h"

namespace batchd::json {
namespace {

using Feed = std::function<std::string(std::string_view first, std::string_view second)>;

void expect_at_every_cut(std::string_view document, const std::string& expected, const Feed& feed) {
  for (std::size_t cut = 0; cut <= document.size(); ++cut)
    ASSERT_EQ(feed(document.substr(0, cut), document.substr(cut)), expected) << document << "\ncut at " << cut;
}

std::string kept_of(std::string_view first, std::string_view second) {
  Omit omit("inlinedResponses");
  std::string kept;
  omit.feed(first, kept);
  omit.feed(second, kept);
  return kept;
}

TEST(Omit, LargeValuesBecomeTrue) {
  const std::pair<std::string, std::string> table[] = {
      {R"({"a":1,"inlinedResponses":[{"x":"]}"},[2]],"b":2})", R"({"a":1,"inlinedResponses":true,"b":2})"},
      {R"({"a":{"inlinedResponses" : {"inlinedResponses":["\"]}"]} },"b":[]})",
       R"({"a":{"inlinedResponses" : true },"b":[]})"},
      {R"({"inlined_responses":"a \" b\\","c":""})", R"({"inlined_responses":true,"c":""})"},
      {R"([{"inlinedResponses":[]},{"inlinedResponses":{}}])",
       R"([{"inlinedResponses":true},{"inlinedResponses":true}])"},
      {R"({"\u0069nlinedResponses":[1]})", R"({"\u0069nlinedResponses":true})"},
      // no large values, and what only looks like the name
      {R"({"inlinedResponses":null,"x":{"inlinedResponses":12.5},"y":[true]})",
       R"({"inlinedResponses":null,"x":{"inlinedResponses":12.5},"y":[true]})"},
      {R"({"a":"inlinedResponses","b":["inlinedResponses",[1]],"inlinedResponsesX":[1],"XinlinedResponses":[1]})",
       R"({"a":"inlinedResponses","b":["inlinedResponses",[1]],"inlinedResponsesX":[1],"XinlinedResponses":[1]})"},
      {R"({"t":"\"inlinedResponses\":[1]"})", R"({"t":"\"inlinedResponses\":[1]"})"},
      {"<html>no JSON: \"inlinedResponses\" </html>", "<html>no JSON: \"inlinedResponses\" </html>"},
  };
  for (const auto& [document, kept] : table) expect_at_every_cut(document, kept, kept_of);
}

TEST(Omit, TellsWhenItIsInsideOfAValue) {
  Omit omit("x");
  std::string kept;
  const auto inside_after = [&](std::string_view bytes) {
    omit.feed(bytes, kept);
    return omit.inside();
  };
  EXPECT_FALSE(inside_after("{\"x\": "));
  EXPECT_TRUE(inside_after("[1,\"]"));
  EXPECT_TRUE(inside_after("\",{}"));
  EXPECT_FALSE(inside_after("]"));
  EXPECT_FALSE(inside_after(",\"y\":1}"));
  EXPECT_EQ(kept, R"({"x": true,"y":1})");
}

std::string lines_of(std::string_view first, std::string_view second) {
  Elements elements("inlinedResponses");
  std::string lines;
  elements.feed(first, lines);
  elements.feed(second, lines);
  return lines;
}

TEST(Elements, EachIsALine) {
  const std::pair<std::string, std::string> table[] = {
      {R"({"inlinedResponses":[{"a":1},{"b":"x y"}]})", "{\"a\":1}\n{\"b\":\"x y\"}\n"},
      {"{\"metadata\": {\n \"output\": {\n  \"inlinedResponses\": {\n   \"inlinedResponses\": [\n    {\n     \"a\" : [ "
       "1,\n"
       " 2 ],\r\n\t\"t\": \"two  blanks\"\n    } ,\n    {}\n   ]\n  }\n }\n}\n}",
       "{\"a\":[1,2],\"t\":\"two  blanks\"}\n{}\n"},
      {R"({"x":{"inlinedEmbedContentResponses":{"inlinedResponses":[{"e":[1]}]}}})", "{\"e\":[1]}\n"},
      {R"({"inlined_responses":[1, "a" ,null,[],[[2]] ]})", "1\n\"a\"\nnull\n[]\n[[2]]\n"},
      // the same array twice: once is enough; of an empty one there is nothing
      {R"({"metadata":{"inlinedResponses":[{"a":1}]},"response":{"inlinedResponses":[{"a":1}]}})", "{\"a\":1}\n"},
      {R"({"metadata":{"inlinedResponses":[]},"response":{"inlinedResponses":[{"a":1}]}})", "{\"a\":1}\n"},
      {R"({"metadata":{"inlinedResponses":{}},"response":{"inlinedResponses":[{"a":1}]}})", "{\"a\":1}\n"},
      {R"({"inlinedResponses":null,"x":[1]})", ""},
      {R"({"other":[{"a":1}]})", ""},
      // the name inside of an element, and brackets in its texts
      {R"({"inlinedResponses":[{"inlinedResponses":[{"deep":"]}\"["}]}]})",
       "{\"inlinedResponses\":[{\"deep\":\"]}\\\"[\"}]}\n"},
      // no JSON, but each element stays one line, and a half one is none
      {"{\"inlinedResponses\":[{\"a\":\"x\ny\"},{\"a\":1 2},{\"b\":", "{\"a\":\"x\\ny\"}\n{\"a\":1 2}\n{\"b\":"},
      {"<html>", ""},
  };
  for (const auto& [document, lines] : table) expect_at_every_cut(document, lines, lines_of);
}

std::string found_in(std::string_view first, std::string_view second) {
  std::string all;
  ReferenceScan scan({"fileUri", "contents.parts.fileData.fileUri", "cachedContent"},
                     [&all](std::string_view value) { (all += value) += '|'; });
  scan.feed(first);
  scan.feed(second);
  return all;
}

TEST(References, ValuesInTheWantedPlaces) {
  const std::pair<std::string, std::string> table[] = {
      {R"({"cachedContent":"cachedContents/1","contents":[{"parts":[{"fileData":{"mimeType":"a","fileUri" : "files\/2"}}]}]})",
       "cachedContents/1|files/2|"},
      {R"({"contents":{"parts":{"fileData":{"fileUri":"files/2"}}},"cachedContent":"c"})", "files/2|c|"},
      {R"({"contents":[{"parts":[{"text":"x"},{"fileData":{"fileUri":["files/3",{"a":"b"},"files/4"]}}]}]})",
       "files/3|files/4|"},
      {R"({"f\u0069leUri":"\u0066iles/3","cachedContent":""})", "files/3||"},
      {R"({"contents":[{"parts":[{"functionCall":{"args":{"fileUri":"a","fileData":{"fileUri":"b"}}}}]}]})", ""},
      {R"({"x":{"cachedContent":"c"},"contents.parts":{"fileData":{"fileUri":"a"}},"fileUri":null})", ""},
      {R"({"text":"\"fileUri\":\"files/6\"","fileUriX":"files/7","x":["fileUri","files/8"]})", ""},
      {R"({"fileUri":"cut)", ""},
      {R"("fileUri")", ""},
  };
  for (const auto& [document, found] : table) expect_at_every_cut(document, found, found_in);
}

TEST(References, LongValuesAreLeftOut) {
  const auto document = [](const std::string& value) {
    return R"({"fileUri":")" + value + R"(","cachedContent":"next"})";
  };
  const std::string longest(ReferenceScan::kValueBytesMax, 'x');
  EXPECT_EQ(found_in(document(longest), ""), longest + "|next|");
  EXPECT_EQ(found_in(document(longest + "x"), ""), "next|");
  std::string escaped;
  for (std::size_t i = 0; i < longest.size(); ++i) escaped += "\\u0078";
  EXPECT_EQ(found_in(document(escaped), ""), longest + "|next|");
  EXPECT_EQ(found_in(document(std::string(1 << 20, 'x')), ""), "next|");
}

}  // namespace
}  // namespace batchd::json
