#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/proto/gemini/talk.h"

namespace batchd::proto {
namespace {

using Kind = core::ResultLine::Kind;

const core::BatchId kBatch{7};
const core::RequestId kRequest{9};
const std::string kKey = core::wire_key(kBatch, kRequest);
const std::string kKeyMember = "\"key\":\"" + kKey + '"';

struct Row {
  std::string line;
  Kind kind;
  bool key;
  std::string value = "";  // success: the response; error: the message
  int code = 0;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.line.substr(0, 200); }

void expect_row(const Row& row, const core::ResultLine& read, const std::string& how) {
  ASSERT_EQ(static_cast<int>(read.kind), static_cast<int>(row.kind)) << how << row.line.substr(0, 200);
  EXPECT_EQ(read.key.has_value(), row.key) << how << row.line.substr(0, 200);
  EXPECT_TRUE(!read.key || read.key->request == kRequest);
  if (row.kind == Kind::success) {
    EXPECT_EQ(row.line.substr(static_cast<std::size_t>(read.value_offset), static_cast<std::size_t>(read.value_bytes)),
              row.value);
  }
  if (row.kind == Kind::error) {
    EXPECT_EQ(read.error.message, row.value);
    EXPECT_EQ(read.error.code, row.code);
    EXPECT_EQ(read.error.status, core::grpc_status(row.code));
    EXPECT_EQ(read.error.source, core::ErrorSource::provider);
  }
}

class ResultLines : public testing::TestWithParam<Row> {};

// The same reader reads the line cut at every byte, one after the other.
TEST_P(ResultLines, InAnyFragmentation) {
  const auto reader = make_gemini()->result_reader();
  const std::string_view line = GetParam().line;
  const std::size_t step = line.size() > 2000 ? line.size() / 50 : 1;
  for (std::size_t cut = 0; cut <= line.size(); cut += step) {
    reader->feed(line.substr(0, cut));
    reader->feed(line.substr(cut));
    expect_row(GetParam(), reader->end_line(), "cut at " + std::to_string(cut) + ": ");
  }
}

const std::string kResponse =
    R"({"candidates":[{"content":{"parts":[{"text":"\"key\":\"x\" \\"}],"role":"model"}}],"error":{"code":1}})";

INSTANTIATE_TEST_SUITE_P(
    Answers, ResultLines,
    testing::Values(
        Row{R"({"response":)" + kResponse + "," + kKeyMember + "}", Kind::success, true, kResponse},
        Row{"{" + kKeyMember + R"(, "response" : )" + kResponse + " }\r", Kind::success, true, kResponse},
        Row{"{" + kKeyMember + R"(,"response":{"promptFeedback":{"blockReason":"SAFETY"}},"custom_id":[]})",
            Kind::success, true, R"({"promptFeedback":{"blockReason":"SAFETY"}})"},
        Row{"{" + kKeyMember + R"(,"response":{}})", Kind::success, true, "{}"},
        Row{"{" + kKeyMember + R"(,"response":{"a":1},"error":null,"status":{}})", Kind::success, true, R"({"a":1})"},
        Row{"{" + kKeyMember + R"(,"response":{"a":1},"status":""})", Kind::success, true, R"({"a":1})"},
        Row{"{" + kKeyMember + R"(,"response":{"a":1},"status":"OK"})", Kind::success, true, R"({"a":1})"},
        Row{"{" + kKeyMember + R"(,"response":{"a":1},"status":{"code":0}})", Kind::success, true, R"({"a":1})"},
        // the response is never parsed: odd numbers, lone surrogates, raw U+2028, depth
        Row{"{" + kKeyMember + R"(,"response":{"n":1e99999,"s":"\ud800"}})", Kind::success, true,
            R"({"n":1e99999,"s":"\ud800"})"},
        Row{"{" + kKeyMember + ",\"response\":{\"t\":\"\xE2\x80\xA8\xFF\"}}", Kind::success, true,
            "{\"t\":\"\xE2\x80\xA8\xFF\"}"},
        Row{"{" + kKeyMember + ",\"response\":{\"n\":" + std::string(500, '[') + std::string(500, ']') + "}}",
            Kind::success, true, "{\"n\":" + std::string(500, '[') + std::string(500, ']') + "}"},
        // without a usable key it is still a response
        Row{R"({"response":{"a":1}})", Kind::success, false, R"({"a":1})"},
        Row{R"({"key":"foreign","response":{"a":1}})", Kind::success, false, R"({"a":1})"},
        Row{R"({"key":5,"response":{"a":1}})", Kind::success, false, R"({"a":1})"}));

INSTANTIATE_TEST_SUITE_P(
    Errors, ResultLines,
    testing::Values(
        Row{"{" + kKeyMember + R"(,"error":{"code":13,"message":"An internal error has occurred."}})", Kind::error,
            true, "An internal error has occurred.", 13},
        Row{R"({"error":{"message":"m","code":"8","details":[{}]},)" + kKeyMember + "}", Kind::error, true, "m", 8},
        Row{"{" + kKeyMember + R"(,"error":{"message":"m"}})", Kind::error, true, "m", 2},
        Row{"{" + kKeyMember + R"(,"error":{}})", Kind::error, true, "", 2},
        Row{"{" + kKeyMember + R"(,"response":null,"error":{"code":3,"message":"m"}})", Kind::error, true, "m", 3},
        Row{"{" + kKeyMember + R"(,"status":{"code":14,"message":"m"}})", Kind::error, true, "m", 14},
        Row{"{" + kKeyMember + R"(,"status":"Bad Request: x"})", Kind::error, true, "Bad Request: x", 2},
        Row{"{" + kKeyMember + R"(,"status":"Bad Request: x","response":{}})", Kind::error, true, "Bad Request: x", 2},
        Row{"{" + kKeyMember + R"(,"error":{"code":13,"message":"m"},"status":{"code":0}})", Kind::error, true, "m",
            13},
        Row{R"({"error":{"code":13,"message":"m"}})", Kind::error, false, "m", 13},
        Row{"{" + kKeyMember + R"(,"error":{"code":13,"message":")" + std::string(5000, 'x') + "\"}}", Kind::error,
            true, std::string(2000, 'x'), 13}));

INSTANTIATE_TEST_SUITE_P(
    Unreadable, ResultLines,
    testing::Values(Row{"", Kind::unreadable, false}, Row{"\r", Kind::unreadable, false},
                    Row{"null", Kind::unreadable, false},
                    Row{"\xEF\xBB\xBF{" + kKeyMember + R"(,"response":{}})", Kind::unreadable, false},
                    Row{std::string("\0", 1), Kind::unreadable, false}, Row{"[]", Kind::unreadable, false},
                    // both, neither, the wrong kind
                    Row{"{" + kKeyMember + R"(,"response":{"a":1},"error":{"code":13}})", Kind::unreadable, true},
                    Row{"{" + kKeyMember + R"(,"response":{"a":1},"status":{"code":13}})", Kind::unreadable, true},
                    Row{"{" + kKeyMember + "}", Kind::unreadable, true},
                    Row{"{" + kKeyMember + R"(,"response":null})", Kind::unreadable, true},
                    Row{"{" + kKeyMember + R"(,"response":"text"})", Kind::unreadable, true},
                    Row{"{" + kKeyMember + R"(,"response":[{}]})", Kind::unreadable, true},
                    Row{"{" + kKeyMember + R"(,"error":"text"})", Kind::unreadable, true},
                    Row{"{" + kKeyMember + R"(,"status":{"code":0}})", Kind::unreadable, true},
                    // duplicates
                    Row{"{" + kKeyMember + R"(,"response":{"a":1},"response":{"a":2}})", Kind::unreadable, true},
                    Row{"{" + kKeyMember + "," + kKeyMember + R"(,"response":{"a":1}})", Kind::unreadable, false},
                    Row{"{" + kKeyMember + R"(,"\u006bey":"x","response":{"a":1}})", Kind::unreadable, false},
                    // cut, and glued
                    Row{"{" + kKeyMember + R"(,"response":{"a":1})", Kind::unreadable, true},
                    Row{"{" + kKeyMember + R"(,"response":{"a":"1)", Kind::unreadable, true},
                    Row{"{\"key\":\"" + kKey, Kind::unreadable, false},
                    Row{"{" + kKeyMember + R"(,"response":{"a":1}}{})", Kind::unreadable, true},
                    Row{"{" + kKeyMember + R"(,"response":{"a":[1}})", Kind::unreadable, true},
                    // an error that RapidJSON must not see, and one that is too long
                    Row{"{" + kKeyMember + R"(,"error":{"code":[0.000000000000000000001e-2147483639]}})",
                        Kind::unreadable, true},
                    Row{"{" + kKeyMember + R"(,"error":{"code":13,"message":")" + std::string(70'000, 'x') + "\"}}",
                        Kind::unreadable, true},
                    Row{"{" + kKeyMember + ",\"response\":" + std::string(1'000'000, '['), Kind::unreadable, true},
                    Row{R"({"key":")" + std::string(1'000'000, 'k') + R"("})", Kind::unreadable, false}));

TEST(ResultLines, NothingOfOneLineStaysForTheNext) {
  const auto reader = make_gemini()->result_reader();
  reader->feed("{" + kKeyMember + R"(,"error":{"code":13)");
  EXPECT_EQ(reader->end_line().kind, Kind::unreadable);
  reader->feed(R"({"response":{}})");
  const auto line = reader->end_line();
  EXPECT_EQ(line.kind, Kind::success);
  EXPECT_FALSE(line.key.has_value());
  reader->feed("x");
  reader->feed("{" + kKeyMember + R"(,"response":{}})");
  EXPECT_EQ(reader->end_line().kind, Kind::unreadable);
  reader->feed("{" + kKeyMember + R"(,"response":{}})");
  EXPECT_EQ(reader->end_line().kind, Kind::success);
}

TEST(ResultLines, AnyBytesLeaveAReaderThatWorks) {
  const auto reader = make_gemini()->result_reader();
  rc::check([&](const std::string& bytes) {
    reader->feed(bytes);
    reader->end_line();
    reader->feed("{" + kKeyMember + R"(,"response":{}})");
    RC_ASSERT(reader->end_line().kind == Kind::success);
  });
}

}  // namespace
}  // namespace batchd::proto
