// What a document's text weighs, and what counts as media, however the bytes are cut.
#include "proto/json/census.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace batchd::json {
namespace {

TextCensus weigh(std::string_view document, std::size_t cut, const std::vector<MediaRule>& rules) {
  CensusScan scan(rules);
  scan.feed(document.substr(0, cut));
  scan.feed(document.substr(cut));
  return scan.census();
}

struct Weighed {
  std::string document;
  std::uint64_t text_bytes, media_parts;
};

void check_table(const std::vector<Weighed>& table, const std::vector<MediaRule>& rules) {
  for (const auto& [document, text_bytes, media_parts] : table)
    for (std::size_t cut = 0; cut <= document.size(); ++cut) {
      const auto census = weigh(document, cut, rules);
      EXPECT_EQ(census.text_bytes, text_bytes) << document << " cut at " << cut;
      EXPECT_EQ(census.media_parts, media_parts) << document << " cut at " << cut;
    }
}

TEST(Census, TextIsWhatStandsInStringValues) {
  check_table(
      {
          {R"({"a":"12345"})", 5, 0},
          {R"({"text":"12","more":["3","45"]})", 5, 0},
          {R"({ "text" : "12" , "name" : { "x" : 7 , "y" : [ "3" , true , null ] } })", 3, 0},
          {R"("top")", 3, 0},
          {R"([[],{},"1",{"a":"2"},"3"])", 3, 0},
          {R"(["\n\u0041\u00e9\u20aC\ud83d\ude00"])", 1 + 1 + 2 + 3 + 4, 0},
          {"[\"\xE2\x82\xAC\"]", 3, 0},
          {R"(["\"a\\","\\\\"])", 3 + 2, 0},
          {R"({"a\"":"1","\\":"2"})", 2, 0},
          {R"({"data":"1234"})", 4, 0},
          {"{}", 0, 0},
      },
      {});
}

TEST(Census, MembersWithARuleAreCountedNotMeasured) {
  check_table(
      {
          {R"({"inlineData":{"mimeType":"x/y","data":"QUJDREVGR0g="}})", 3, 1},
          {R"({"data" : "QUJD","data":"QUJD","x":"1"})", 1, 2},
          {R"({"data":""})", 0, 1},
          {R"({"data":["1234"]})", 4, 0},
          {R"({"data":{"x":"1234"},"y":"5"})", 5, 0},
          {R"({"data":7,"x":"1"})", 1, 0},
          {R"({"dat":"1","datas":"2","xdata":"3","Data":"4"})", 4, 0},
          {R"(["data","x"])", 5, 0},
          {R"({"x":"data","y":"z"})", 5, 0},
          {R"({"d\u0061ta":"12"})", 2, 0},
          {R"({"data":"\"\u0041\n"})", 0, 1},
      },
      {{"data", ""}});
}

TEST(Census, ARuleMayAskForABeginning) {
  check_table(
      {
          {R"({"url":"data:image/png;base64,AAAA"})", 0, 1},
          {R"({"url":"data:"})", 0, 1},
          {R"({"url":"data"})", 4, 0},
          {R"({"url":"https://a.b/data:"})", 17, 0},
          {R"({"url":"d\u0061ta:x"})", 6, 0},
          {R"({"url":"data:\u0041\/"})", 0, 1},
          {R"({"image_url":{"url":"data:x"},"text":"12"})", 2, 1},
          {R"({"file_data":"data:x","url":"ftp:x"})", 5, 1},
          {R"({"file_data":"x"})", 1, 0},
      },
      {{"url", "data:"}, {"file_data", "data:"}});
  // Several beginnings of one member; a name and a beginning of the greatest length.
  check_table({{R"({"a":"x:1","b":"y:1"})", 3, 1}, {R"({"a":"y:1"})", 0, 1}}, {{"a", "x:"}, {"a", "y:"}});
  check_table({{R"({"0123456789abcdef":"fedcba9876543210x"})", 0, 1},
               {R"({"0123456789abcdefg":"fedcba9876543210x"})", 17, 0},
               {R"({"0123456789abcdef":"fedcba987654321"})", 15, 0}},
              {{"0123456789abcdef", "fedcba9876543210"}});
}

TEST(Census, LongStringsInManyPieces) {
  const std::string text(100'000, 'A');
  const auto document = R"({"data":")" + text + R"(","text":")" + text + "\"}";
  CensusScan scan(std::vector<MediaRule>{{"data", "AAAA"}});
  for (std::size_t at = 0; at < document.size(); at += 999) scan.feed(std::string_view(document).substr(at, 999));
  EXPECT_EQ(scan.census().text_bytes, text.size());
  EXPECT_EQ(scan.census().media_parts, 1U);
}

}  // namespace
}  // namespace batchd::json
