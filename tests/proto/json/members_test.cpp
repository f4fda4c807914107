#include "proto/json/members.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace batchd::json {
namespace {

struct Found {
  std::string name;
  std::uint64_t offset;
  std::string value;
  bool operator==(const Found&) const = default;
};
void PrintTo(const Found& found, std::ostream* out) { *out << found.name << '@' << found.offset << '=' << found.value; }

class Collector : public MemberHandler {
 public:
  void member(std::string_view name, std::uint64_t value_offset) override {
    found.push_back({std::string(name), value_offset, ""});
  }
  void value(std::string_view fragment) override {
    EXPECT_FALSE(fragment.empty());
    found.back().value += fragment;
  }
  void end_value(std::uint64_t value_bytes) override {
    EXPECT_EQ(value_bytes, found.back().value.size());
    ++ended;
  }
  std::vector<Found> found;
  std::size_t ended = 0;
};

using Members = std::optional<std::vector<Found>>;  // none: refused

Members scan(std::initializer_list<std::string_view> fragments) {
  Collector collector;
  MemberScan members(collector);
  bool good = true;
  for (const auto fragment : fragments) good = good && members.feed(fragment);
  if (!good || !members.finish()) return std::nullopt;
  EXPECT_EQ(collector.ended, collector.found.size());
  return collector.found;
}

void expect_in_any_fragmentation(const std::string& document, const Members& expected) {
  const std::string_view text = document;
  EXPECT_EQ(scan({text}), expected) << document;
  for (std::size_t a = 0; a <= text.size(); ++a)
    for (std::size_t b = a; b <= text.size(); ++b)
      ASSERT_EQ(scan({text.substr(0, a), text.substr(a, b - a), text.substr(b)}), expected)
          << document << " cut at " << a << ", " << b;
}

TEST(Members, Found) {
  const std::vector<std::pair<std::string, std::vector<Found>>> table{
      {"{}", {}},
      {" { } \r", {}},
      {R"({"a":1})", {{"a", 5, "1"}}},
      {R"( {"a" : "x y" , "b":[1, {"c":2}] })", {{"a", 8, R"("x y")"}, {"b", 20, R"([1, {"c":2}])"}}},
      {R"({"a":1 ,"b":true})", {{"a", 5, "1"}, {"b", 12, "true"}}},
      // what looks like a member inside a string or a nested value is none
      {R"({"response":{"text":"\"key\":\"x\"","key":"inner"},"key":"k"})",
       {{"response", 12, R"({"text":"\"key\":\"x\"","key":"inner"})"}, {"key", 57, R"("k")"}}},
      // quotes, backslashes and brackets in strings
      {R"({"a":"\\","b":"\"}","c":"{[","d":{"e":"]}\\"}})",
       {{"a", 5, R"("\\")"}, {"b", 14, R"("\"}")"}, {"c", 24, R"("{[")"}, {"d", 33, R"({"e":"]}\\"})"}}},
      // each time
      {R"({"a":1,"a":2})", {{"a", 5, "1"}, {"a", 11, "2"}}},
      // names are unescaped
      {R"({"\u006bey":1,"a\"b\\":2,"\ud83d\ude00":3})",
       {{"key", 12, "1"}, {"a\"b\\", 23, "2"}, {"\xF0\x9F\x98\x80", 40, "3"}}},
      // values aren't looked into: odd numbers, lone surrogates, raw U+2028, bytes that aren't UTF-8
      {R"({"n":1e99999,"s":"\ud800"})", {{"n", 5, "1e99999"}, {"s", 17, R"("\ud800")"}}},
      {"{\"s\":\"\xE2\x80\xA8\xFF\"}", {{"s", 5, "\"\xE2\x80\xA8\xFF\""}}},
  };
  for (const auto& [document, expected] : table) expect_in_any_fragmentation(document, expected);
}

TEST(Members, Refused) {
  for (const char* document : {"",
                               " ",
                               "[]",
                               "1",
                               "\"a\"",
                               "{",
                               "{\"a\"",
                               "{\"a\":",
                               "{\"a\":1",
                               "{\"a\":}",
                               "{\"a\":,\"b\":1}",
                               "{\"a\" 1}",
                               "{\"a\":1,}",
                               "{,}",
                               "{a:1}",
                               "{\"a\":[}",
                               "{\"a\":[}]}",
                               "{\"a\":{]}",
                               "{\"a\":\"x}",
                               "{\"a\":{\"b\":1}",
                               "{}{}",
                               "{} x",
                               "{\"a\":1 2}",
                               "{\"a\":1\"b\"}",
                               "{\"a\":1[]}",
                               "{\"a\":\"x\"\"y\"}",
                               "{\"a\":1]}",
                               "{\"\\x\":1}",
                               "\xEF\xBB\xBF{}",
                               "{\"a\":1}}"})
    expect_in_any_fragmentation(document, std::nullopt);
}

TEST(Members, LongNamesAreCutAndDepthIsBounded) {
  const std::string name(100'000, 'n');
  const auto found = scan({"{\"" + name + "\":1}"});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->at(0).name, std::string(MemberScan::kNameBytesMax, 'n'));

  std::string escaped;
  for (int i = 0; i < 10'000; ++i) escaped += "\\ud83d\\ude00";
  EXPECT_TRUE(scan({"{\"" + escaped + "\":1}"}).has_value());

  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(scan({nested(MemberScan::kDepthMax)}).has_value());
  EXPECT_FALSE(scan({nested(MemberScan::kDepthMax + 1)}).has_value());
}

TEST(Unescape, Table) {
  const std::vector<std::pair<std::string, std::optional<std::string>>> table{
      {R"("")", ""},
      {R"("abc")", "abc"},
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("\u0041\u00e9\u20ac\ud83d\ude00")", "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
      {R"("\ud800x\udc00")", "\xEF\xBF\xBDx\xEF\xBF\xBD"},
      {R"("\ud83d\u0041")",
       "\xEF\xBF\xBD"
       "A"},
      {R"(abc)", std::nullopt},
      {R"(")", std::nullopt},
      {R"("a"b")", std::nullopt},
      {R"("\")", std::nullopt},
      {R"("\x")", std::nullopt},
      {R"("\u12")", std::nullopt},
      {R"("\u12g4")", std::nullopt},
      {"12", std::nullopt},
  };
  for (const auto& [raw, expected] : table) {
    std::string text;
    EXPECT_EQ(unescape(raw, text), expected.has_value()) << raw;
    EXPECT_EQ(expected ? text : "", expected.value_or("")) << raw;
  }
}

// Strings are scanned eight bytes at a time: their end must be seen at every place of a word.
TEST(Members, SeesTheEndOfAStringAnywhere) {
  for (std::size_t length = 0; length <= 20; ++length)
    for (std::size_t at = 0; at <= length; ++at) {
      std::string text = std::string(length, 'a').insert(at, "\\\"\xE2\x82\xAC\\\\");
      const auto value = '"' + text + '"';
      const auto found = scan({"{\"a\":" + value + ",\"b\":1}"});
      ASSERT_TRUE(found.has_value());
      ASSERT_EQ(found->size(), 2U);
      EXPECT_EQ(found->front().value, value);
    }
}

}  // namespace
}  // namespace batchd::json
