#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "proto/json/base64.h"
#include "proto/json/digest.h"
#include "proto/json/lines.h"
#include "proto/json/members.h"
#include "proto/json/one_line.h"
#include "proto/json/opening.h"
#include "proto/json/utf8.h"
#include "proto/json/validator.h"
#include "proto/json/write.h"

namespace batchd::json {
namespace {

using namespace std::string_literals;

TEST(Base64, KnownVectorsBothWays) {
  const std::vector<std::pair<std::string, std::string>> table{{"", ""},
                                                               {"f", "Zg=="},
                                                               {"fo", "Zm8="},
                                                               {"foo", "Zm9v"},
                                                               {"foob", "Zm9vYg=="},
                                                               {"fooba", "Zm9vYmE="},
                                                               {"foobar", "Zm9vYmFy"},
                                                               {"\xFF\xFE\x00"s, "//4A"}};
  for (const auto& [bytes, text] : table) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, Strict) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zg==Zg==", "-_-_", "Zm=v"})
    EXPECT_FALSE(base64_decode(text).has_value()) << text;
}

TEST(Base64, RoundTrip) {
  rc::check([](const std::string& bytes) { RC_ASSERT(base64_decode(base64_encode(bytes)) == bytes); });
}

TEST(Base64, InAnyFragmentation) {
  const std::string bytes = "\xFF\xFE\x00 of seven and more"s;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
    for (std::size_t second = cut; second <= bytes.size(); ++second) {
      Base64Stream stream;
      auto text = stream.take(bytes.substr(0, cut));
      text += stream.take(bytes.substr(cut, second - cut));
      text += stream.take(bytes.substr(second));
      ASSERT_EQ(text + stream.finish(), base64_encode(bytes)) << cut << ' ' << second;
    }
  for (std::size_t length = 0; length < 8; ++length)
    EXPECT_EQ(base64_text_bytes(static_cast<std::int64_t>(length)), std::ssize(base64_encode(bytes.substr(0, length))));
}

TEST(Digest, KnownVectors) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  pieces.update("a");
  pieces.update("");
  pieces.update("bc");
  EXPECT_EQ(pieces.finish(), sha256("abc"));
}

TEST(Lines, SplitOnNewlineOnlyInAnyFragmentation) {
  const std::string text =
      "a\xE2\x80\xA8"
      "b\r\n\n\xC2\x85"
      "c\nrest";
  const std::vector<std::string> expected{
      "a\xE2\x80\xA8"
      "b\r",
      "",
      "\xC2\x85"
      "c"};
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::vector<std::string> lines;
    std::string line;
    LineSplitter splitter;
    const auto on_fragment = [&](std::string_view fragment) { line += fragment; };
    const auto on_line = [&] {
      lines.push_back(line);
      line.clear();
    };
    EXPECT_TRUE(splitter.at_line_start());
    splitter.feed(std::string_view(text).substr(0, cut), on_fragment, on_line);
    EXPECT_EQ(splitter.at_line_start(), cut == 0 || text[cut - 1] == '\n');
    splitter.feed(std::string_view(text).substr(cut), on_fragment, on_line);
    EXPECT_EQ(lines, expected);
    EXPECT_EQ(line, "rest");
  }
}

TEST(Write, StringsAreEscaped) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", R"("")"},
      {"a\"b\\c/", R"("a\"b\\c/")"},
      {"\n\r\t\x01\x1F"s + '\0', R"("\n\r\t\u0001\u001f\u0000")"},
      {"\xC3\xA9\xF0\x9F\x98\x80", "\"\xC3\xA9\xF0\x9F\x98\x80\""},
      {"a\xFF"
       "b\xE2\x82",
       "\"a\xEF\xBF\xBD"
       "b\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
  };
  for (const auto& [text, expected] : table) {
    std::string out;
    append_string(out, text);
    EXPECT_EQ(out, expected);
  }
}

TEST(Write, WhateverTheBytesItIsJson) {
  rc::check([](const std::string& bytes) {
    std::string out;
    append_string(out, bytes);
    RC_ASSERT(validate(out, {}));
    std::string text;
    RC_ASSERT(unescape(out, text));
    if (validate('"' + bytes + '"', {}) && bytes.find('\\') == std::string::npos) RC_ASSERT(text == bytes);
  });
}

TEST(Write, CommasAndNesting) {
  std::string out;
  Writer w(out);
  w.begin_object();
  w.key("a");
  w.string("x");
  w.key("n");
  w.number(-9'223'372'036'854'775'807 - 1);
  w.key("e");
  w.begin_object();
  w.end_object();
  w.key("l");
  w.begin_array();
  w.boolean(true);
  w.null();
  w.begin_array();
  w.end_array();
  w.raw("{\"r\":1e5}");
  w.end_array();
  w.end_object();
  EXPECT_EQ(out, R"({"a":"x","n":-9223372036854775808,"e":{},"l":[true,null,[],{"r":1e5}]})");
}

TEST(OneLine, NothingEndsTheLine) {
  const std::string text =
      "{\"a\":\r\"x\xE2\x80\xA8y\xE2\x80\xA9z\xC2\x85 \xC3\xA9\xE2\x82\xAC\xE2\x80\x94\",\n\"b\":1}";
  const std::string expected = "{\"a\": \"x\\u2028y\\u2029z\\u0085 \xC3\xA9\xE2\x82\xAC\xE2\x80\x94\", \"b\":1}";
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    for (std::size_t second = cut; second <= text.size(); ++second) {
      OneLine line;
      auto out = line.take(text.substr(0, cut));
      out += line.take(text.substr(cut, second - cut));
      out += line.take(text.substr(second));
      ASSERT_EQ(out + line.finish(), expected) << cut << ' ' << second;
    }
  OneLine torn;
  EXPECT_EQ(torn.take("a\xE2\x80"), "a");
  EXPECT_EQ(torn.finish(), "\xE2\x80");
}

TEST(OneLine, OfAWholeText) {
  EXPECT_EQ(one_line("{\"a\":\n\"\xE2\x80\xA8 long enough for more than a word\xC2\x85\""),
            "{\"a\": \"\\u2028 long enough for more than a word\\u0085\"");
  EXPECT_EQ(one_line(""), "");
}

TEST(Utf8, TheFirstByteThatIsNone) {
  EXPECT_EQ(find_not_utf8(""), std::nullopt);
  EXPECT_EQ(find_not_utf8("Stra\xC3\x9F"
                          "e \xF0\x9F\x98\x80"),
            std::nullopt);
  EXPECT_EQ(find_not_utf8("Stra\xDF"
                          "e"),
            4U);
  EXPECT_EQ(find_not_utf8("\xFF"), 0U);
  EXPECT_EQ(find_not_utf8("ab\xE2\x82"), 2U);
  EXPECT_EQ(find_not_utf8("\xED\xA0\x80"), 0U) << "a surrogate";
}

TEST(Opening, SaysWhatTheTextIs) {
  const std::pair<std::string, std::string> table[] = {
      {"\xEF\xBB\xBF{", "byte order mark"},
      {"\xFF\xFE{\0"s, "UTF-16"},
      {"\xFE\xFF\0{"s, "UTF-16"},
      {"{\0\"\0"s, "UTF-16LE"},
      {"\0{\0\""s, "UTF-16BE"},
      {"\xFF\xFE\0\0"s, "UTF-32"},
      {"\0\0\xFE\xFF"s, "UTF-32"},
      {"{\0\0\0"s, "UTF-32LE"},
      {"\0\0\0{"s, "UTF-32BE"},
      {"\x1F\x8B\x08\0"s, "gzip"},
      {"\x28\xB5\x2F\xFD", "zstd"},
      {"PK\x03\x04", "zip"},
  };
  for (const auto& [bytes, words] : table) EXPECT_NE(opening_fault(bytes).find(words), std::string::npos) << words;
  for (const std::string& bytes : {""s, "{"s, "{}"s, "{\"re"s, "[{\"r"s, " \n{\""s, "PK"s, "\xEF\xBB"s, "caf\xC3"s})
    EXPECT_EQ(opening_fault(bytes), "") << bytes;
}

TEST(Validator, LongNumbersOnlyIfTheyMayBe) {
  const std::string digits(1001, '1');
  EXPECT_TRUE(validate(digits, {}));
  EXPECT_TRUE(validate(digits.substr(1), {.number_bytes_max = 1000}));
  EXPECT_FALSE(validate(digits, {.number_bytes_max = 1000}));
  EXPECT_TRUE(validate("[1e400,1e99999999999999]", {.number_bytes_max = 1000}));
  JsonFault fault;
  EXPECT_FALSE(validate("[x", {}, &fault));
  EXPECT_EQ(not_json(fault), "not JSON at byte 1: a value is expected");
}

}  // namespace
}  // namespace batchd::json
