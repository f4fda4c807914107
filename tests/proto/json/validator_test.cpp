#include "proto/json/validator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace batchd::json {
namespace {

using namespace std::string_literals;

struct Faulty {
  std::string document;
  std::uint64_t offset;
};

class Refuses : public testing::TestWithParam<Faulty> {};

// The fault is the first byte that can't be, however the document is cut.
TEST_P(Refuses, AtThatByteInAnyFragmentation) {
  const auto& [document, offset] = GetParam();
  const std::string_view text = document;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Validator validator({.depth_max = 4, .plain_numbers = true});
    EXPECT_FALSE(validator.feed(text.substr(0, cut)) && validator.feed(text.substr(cut)) && validator.finish());
    EXPECT_EQ(validator.fault().offset, offset) << "cut at " << cut;
    EXPECT_FALSE(validator.fault().what.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refuses,
    testing::Values(
        Faulty{"", 0}, Faulty{"  ", 2}, Faulty{"{", 1}, Faulty{"[1,2", 4}, Faulty{"nul", 3}, Faulty{"nulx", 3},
        Faulty{"{\"a\":tru}", 8}, Faulty{"True", 0}, Faulty{"'a'", 0}, Faulty{"NaN", 0}, Faulty{"\xEF\xBB\xBF{}", 0},
        // brackets
        Faulty{"[}", 1}, Faulty{"{]", 1}, Faulty{"[1}", 2}, Faulty{"]", 0}, Faulty{"[1 2]", 3}, Faulty{"1 2", 2},
        Faulty{"{} x", 3}, Faulty{"[1,]", 3}, Faulty{"[,1]", 1}, Faulty{"[[[[[]]]]]", 4},
        Faulty{"{\"a\":[[[[1]]]]}", 8},
        // members
        Faulty{"{1}", 1}, Faulty{"{\"a\" 1}", 5}, Faulty{"{\"a\":1,}", 7}, Faulty{"{\"a\":,}", 5}, Faulty{"{\"a\"}", 4},
        Faulty{"{,}", 1}, Faulty{"{\"a\":1 \"b\":2}", 7}, Faulty{"{\"a\":1/**/}", 6},
        // strings
        Faulty{"\"abc", 4}, Faulty{"\"a\nb\"", 2}, Faulty{"\"a\0b\""s, 2}, Faulty{"\"a\\x\"", 3},
        Faulty{"\"\\u12g4\"", 5}, Faulty{"\"\\ud800\"", 7}, Faulty{"\"\\ud83dx\"", 7}, Faulty{"\"\\ud83d\\n\"", 8},
        Faulty{"\"\\ud83d\\u0041\"", 9}, Faulty{"\"\\ud83d\\ud83d\"", 10}, Faulty{"\"\\ude00\"", 4},
        // UTF-8: bare continuation, cut, overlong, surrogate, above U+10FFFF
        Faulty{"\"\x80\"", 1}, Faulty{"\"ab\xFFz\"", 3}, Faulty{"\"ab\xE2\x82\"", 5}, Faulty{"\"ab\xE2\x28\xA1\"", 4},
        Faulty{"\"\xC0\xAF\"", 1}, Faulty{"\"\xE0\x80\xAF\"", 2}, Faulty{"\"\xED\xA0\x80\"", 2},
        Faulty{"\"\xF4\x90\x80\x80\"", 2}, Faulty{"\"\xF5\"", 1}, Faulty{"{\"\xFF\":1}", 2},
        // numbers
        Faulty{"01", 1}, Faulty{"-01", 2}, Faulty{"-", 1}, Faulty{"-x", 1}, Faulty{"+1", 0}, Faulty{".5", 0},
        Faulty{"1.", 2}, Faulty{"1.x", 2}, Faulty{"1e", 2}, Faulty{"1e+", 3}, Faulty{"1.e5", 2}, Faulty{"[1e5.0]", 4},
        // numbers that RapidJSON must not see: CVE-2024-38517
        Faulty{"[0.00000000000000000000"
               "1e-2147483639]",
               30},
        Faulty{"[1e12345]", 7}, Faulty{std::string(65, '1'), 64}));

class Accepts : public testing::TestWithParam<std::string> {};

TEST_P(Accepts, InAnyFragmentation) {
  const std::string_view text = GetParam();
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Validator validator({.depth_max = 4, .plain_numbers = true});
    EXPECT_TRUE(validator.feed(text.substr(0, cut)));
    EXPECT_TRUE(validator.feed(text.substr(cut)));
    EXPECT_TRUE(validator.finish()) << "cut at " << cut << ": " << validator.fault().what;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Accepts,
                         testing::Values("{}", "[]", " [ ] ", "0", "-0", "1.5e-10", "1E+9", "1e400",
                                         "12345678901234567890", "true", "null", "\"\"", "[[[[]]]]",
                                         "{\"a\":{\"b\":[1,{\"c\":null}]}}",
                                         "\"\\ud83d\\ude00 \\u0000 \\\" \\\\ \\/ \\b\\f\\n\\r\\t\"",
                                         "\"\xE2\x80\xA8 raw U+2028 \xF0\x9F\x98\x80\"", "{\"a\":1,\"a\":2}",
                                         "\r\n\t{ \"a\" : [ 1 , 2 ] }\n"));

TEST(Validator, TakesAnyLegalNumberUnlessPlainOnesAreAsked) {
  EXPECT_TRUE(validate("[1e99999999999999, 0.000000000000000000001e-2147483639]", {}));
  EXPECT_TRUE(validate(std::string(100'000, '7'), {}));
}

TEST(Validator, AMillionLevelsDontReachTheStack) {
  for (const char* opening : {"[", "{\"a\":"}) {
    std::string bomb;
    for (int i = 0; i < 1'000'000; ++i) bomb += opening;
    JsonFault fault;
    EXPECT_FALSE(validate(bomb, {}, &fault));
    EXPECT_EQ(fault.offset, 64 * std::string_view(opening).size());
  }
}

TEST(Validator, SaysNothingOfTheInput) {
  JsonFault fault;
  EXPECT_FALSE(validate("{\"secret\":secret}", {}, &fault));
  EXPECT_EQ(fault.what.find("secret"), std::string::npos);
}

// Strings are scanned eight bytes at a time: every byte must be seen at every place of a word.
TEST(Validator, SeesEveryByteOfAString) {
  for (std::size_t length = 1; length <= 20; ++length)
    for (std::size_t at = 0; at < length; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, 'a');
        text[at] = static_cast<char>(byte);
        JsonFault fault;
        const bool good = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
        ASSERT_EQ(validate("[\"" + text + "\"]", {}, &fault), good) << "byte " << byte << " at " << at;
        if (!good) {
          ASSERT_GE(fault.offset, 2 + at);
        }
      }
}

}  // namespace
}  // namespace batchd::json
