#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "core/limits.h"
#include "proto/gemini/status.h"
#include "tests/proto/gemini/talk.h"

namespace batchd::proto {
namespace {

using Kind = core::ResultLine::Kind;

const core::BatchId kLineBatch{7};
const core::RequestId kRequest{9};
const std::string kKey = core::wire_key(kLineBatch, kRequest);
const std::string kLineKeyMember = "\"key\":\"" + kKey + '"';

struct LineRow {
  std::string line;
  Kind kind;
  bool key;
  std::string value = "";  // success: the response; error: the message
  int code = 0;
};
void PrintTo(const LineRow& row, std::ostream* out) { *out << row.line.substr(0, 200); }

void expect_row(const LineRow& row, const core::ResultLine& read, const std::string& how) {
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
    EXPECT_EQ(read.error.status, grpc_status(row.code));
    EXPECT_EQ(read.error.kind, error_class(row.code));
    EXPECT_EQ(read.error.source, core::ErrorSource::provider);
  }
}

class ResultLines : public testing::TestWithParam<LineRow> {};

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
        LineRow{R"({"response":)" + kResponse + "," + kLineKeyMember + "}", Kind::success, true, kResponse},
        LineRow{"{" + kLineKeyMember + R"(, "response" : )" + kResponse + " }\r", Kind::success, true, kResponse},
        LineRow{"{" + kLineKeyMember + R"(,"response":{"promptFeedback":{"blockReason":"SAFETY"}},"custom_id":[]})",
                Kind::success, true, R"({"promptFeedback":{"blockReason":"SAFETY"}})"},
        LineRow{"{" + kLineKeyMember + R"(,"response":{}})", Kind::success, true, "{}"},
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":1},"error":null,"status":{}})", Kind::success, true,
                R"({"a":1})"},
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":1},"status":""})", Kind::success, true, R"({"a":1})"},
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":1},"status":"OK"})", Kind::success, true, R"({"a":1})"},
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":1},"status":{"code":0}})", Kind::success, true,
                R"({"a":1})"},
        // the response is never parsed: odd numbers, lone surrogates, raw U+2028, depth
        LineRow{"{" + kLineKeyMember + R"(,"response":{"n":1e99999,"s":"\ud800"}})", Kind::success, true,
                R"({"n":1e99999,"s":"\ud800"})"},
        LineRow{"{" + kLineKeyMember + ",\"response\":{\"t\":\"\xE2\x80\xA8\xFF\"}}", Kind::success, true,
                "{\"t\":\"\xE2\x80\xA8\xFF\"}"},
        LineRow{"{" + kLineKeyMember + ",\"response\":{\"n\":" + std::string(500, '[') + std::string(500, ']') + "}}",
                Kind::success, true, "{\"n\":" + std::string(500, '[') + std::string(500, ']') + "}"},
        // without a usable key it is still a response
        LineRow{R"({"response":{"a":1}})", Kind::success, false, R"({"a":1})"},
        LineRow{R"({"key":"foreign","response":{"a":1}})", Kind::success, false, R"({"a":1})"},
        LineRow{R"({"key":5,"response":{"a":1}})", Kind::success, false, R"({"a":1})"},
        // of a job that shows its results itself
        LineRow{R"({"response":{"a":1},"metadata":{)" + kLineKeyMember + "}}", Kind::success, true, R"({"a":1})"},
        LineRow{R"({"metadata":{"x":[{"key":"y"}],)" + kLineKeyMember + R"(},"response":{"a":1}})", Kind::success, true,
                R"({"a":1})"},
        LineRow{"{" + kLineKeyMember + R"(,"metadata":{"x":1},"response":{"a":1}})", Kind::success, true, R"({"a":1})"},
        LineRow{"{" + kLineKeyMember + R"(,"metadata":"key","response":{"a":1}})", Kind::success, true, R"({"a":1})"},
        LineRow{"{" + kLineKeyMember + R"(,"metadata":{"key":"other"},"response":{"a":1}})", Kind::success, true,
                R"({"a":1})"},
        // twice, or not a key of ours
        LineRow{R"({"metadata":{)" + kLineKeyMember + "," + kLineKeyMember + R"(},"response":{"a":1}})", Kind::success,
                false, R"({"a":1})"},
        LineRow{R"({"metadata":{"x":{)" + kLineKeyMember + R"(}},"response":{"a":1}})", Kind::success, false,
                R"({"a":1})"},
        LineRow{R"({"metadata":{"key":"foreign"},"response":{"a":1}})", Kind::success, false, R"({"a":1})"},
        LineRow{R"({"metadata":{"key":7},"response":{"a":1}})", Kind::success, false, R"({"a":1})"},
        LineRow{R"({"metadata":null,"response":{"a":1}})", Kind::success, false, R"({"a":1})"}));

INSTANTIATE_TEST_SUITE_P(
    Errors, ResultLines,
    testing::Values(
        LineRow{"{" + kLineKeyMember + R"(,"error":{"code":13,"message":"An internal error has occurred."}})",
                Kind::error, true, "An internal error has occurred.", 13},
        LineRow{R"({"error":{"message":"m","code":"8","details":[{}]},)" + kLineKeyMember + "}", Kind::error, true, "m",
                8},
        LineRow{"{" + kLineKeyMember + R"(,"error":{"message":"m"}})", Kind::error, true, "m", 2},
        LineRow{"{" + kLineKeyMember + R"(,"error":{}})", Kind::error, true, "", 2},
        // an error that RapidJSON must not see, one that is too long, and some that no strict reader of JSON takes
        LineRow{"{" + kLineKeyMember + R"(,"error":{"code":[0.000000000000000000001e-2147483639]}})", Kind::error, true,
                "", 2},
        LineRow{"{" + kLineKeyMember + R"(,"error":{"code":13,"message":")" + std::string(70'000, 'x') + "\"}}",
                Kind::error, true, "the provider's error is too long to be kept", 13},
        LineRow{"{" + kLineKeyMember + R"(,"error":{"code":3,"message":"a\ud800b"}})", Kind::error, true, "a\uFFFDb",
                3},
        LineRow{"{" + kLineKeyMember + ",\"error\":{\"code\":3,\"message\":\"a\xFF\x01z\"}}", Kind::error, true, "a??z",
                3},
        LineRow{"{" + kLineKeyMember + R"(,"response":null,"error":{"code":3,"message":"m"}})", Kind::error, true, "m",
                3},
        LineRow{"{" + kLineKeyMember + R"(,"status":{"code":14,"message":"m"}})", Kind::error, true, "m", 14},
        LineRow{"{" + kLineKeyMember + R"(,"status":"Bad Request: x"})", Kind::error, true, "Bad Request: x", 2},
        LineRow{R"({"error":{"code":13,"message":"m"},"metadata":{)" + kLineKeyMember + "}}", Kind::error, true, "m",
                13},
        // an error inside of a text
        LineRow{
            "{" + kLineKeyMember +
                R"(,"status":"Bad Request: {\"error\":{\"code\":400,\"message\":\"no \\\"x\\\"\",\"status\":\"INVALID_ARGUMENT\"}}"})",
            Kind::error, true, "no \"x\"", 3},
        LineRow{"{" + kLineKeyMember + R"(,"response":{},"status":"x: {\"error\":{\"code\":429,\"message\":\"q\"}} "})",
                Kind::error, true, "q", 8},
        LineRow{"{" + kLineKeyMember + R"(,"error":"Bad Request: {\"error\":{\"code\":400,\"message\":\"m\"}}"})",
                Kind::error, true, "m", 3},
        // an error that is quoted from the request is none
        LineRow{"{" + kLineKeyMember + R"(,"status":"no field '{\"error\":{\"code\":503}}'"})", Kind::error, true,
                R"(no field '{"error":{"code":503}}')", 2},
        LineRow{"{" + kLineKeyMember + R"(,"status":"Bad Request: {\"error\":{\"code\":40"})", Kind::error, true,
                R"(Bad Request: {"error":{"code":40)", 2},
        LineRow{"{" + kLineKeyMember + R"(,"error":{"code":400,"status":"FAILED_PRECONDITION","message":"m"}})",
                Kind::error, true, "m", 9},
        LineRow{"{" + kLineKeyMember + R"(,"error":{"code":503,"message":"m"}})", Kind::error, true, "m", 14},
        LineRow{"{" + kLineKeyMember + R"(,"status":"Bad Request: x","response":{}})", Kind::error, true,
                "Bad Request: x", 2},
        LineRow{"{" + kLineKeyMember + R"(,"error":{"code":13,"message":"m"},"status":{"code":0}})", Kind::error, true,
                "m", 13},
        LineRow{R"({"error":{"code":13,"message":"m"}})", Kind::error, false, "m", 13},
        LineRow{"{" + kLineKeyMember + R"(,"error":{"code":13,"message":")" + std::string(5000, 'x') + "\"}}",
                Kind::error, true, std::string(2000, 'x'), 13}));

INSTANTIATE_TEST_SUITE_P(
    Unreadable, ResultLines,
    testing::Values(
        LineRow{"", Kind::unreadable, false}, LineRow{"\r", Kind::unreadable, false},
        LineRow{"null", Kind::unreadable, false},
        LineRow{"\xEF\xBB\xBF{" + kLineKeyMember + R"(,"response":{}})", Kind::unreadable, false},
        LineRow{std::string("\0", 1), Kind::unreadable, false}, LineRow{"[]", Kind::unreadable, false},
        // both, neither, the wrong kind
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":1},"error":{"code":13}})", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":1},"status":{"code":13}})", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + "}", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + R"(,"response":null})", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + R"(,"response":"text"})", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + R"(,"response":[{}]})", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + R"(,"error":"text"})", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + R"(,"status":{"code":0}})", Kind::unreadable, true},
        // duplicates
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":1},"response":{"a":2}})", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + "," + kLineKeyMember + R"(,"response":{"a":1}})", Kind::unreadable, false},
        LineRow{"{" + kLineKeyMember + R"(,"\u006bey":"x","response":{"a":1}})", Kind::unreadable, false},
        LineRow{R"({"metadata":{)" + kLineKeyMember + R"(},"metadata":{},"response":{"a":1}})", Kind::unreadable,
                false},
        // cut, and glued
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":1})", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":"1)", Kind::unreadable, true},
        LineRow{"{\"key\":\"" + kKey, Kind::unreadable, false},
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":1}}{})", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + R"(,"response":{"a":[1}})", Kind::unreadable, true},
        LineRow{"{" + kLineKeyMember + ",\"response\":" + std::string(1'000'000, '['), Kind::unreadable, true},
        LineRow{R"({"key":")" + std::string(1'000'000, 'k') + R"("})", Kind::unreadable, false}));

core::RequestError error_in(const std::string& members) {
  const auto reader = make_gemini()->result_reader();
  reader->feed("{" + kLineKeyMember + "," + members + "}");
  return reader->end_line().error;
}

TEST(LineErrors, AreKeptAsTheyCame) {
  const std::string odd = R"({ "code":8, "message":"\u0061 }" ,"details":[ {"n":1.50} ]})";
  EXPECT_EQ(error_in("\"error\" : " + odd + " ").body, odd);
  EXPECT_EQ(error_in(R"("status":)" + odd).body, odd);
  EXPECT_EQ(error_in(R"("error":{})").body, "{}");
  EXPECT_EQ(error_in(R"("status":"Bad \u0052equest")").body, R"("Bad \u0052equest")");
  const std::string text = R"("Bad Request: {\"error\":{\"code\":400,\"message\":\"m\"}}")";
  EXPECT_EQ(error_in("\"status\":" + text).body, text);
  EXPECT_EQ(error_in("\"status\":" + text).http_status, 400);
  EXPECT_EQ(error_in("\"status\":\"no UTF-8: \xFF\"").body, "");
  EXPECT_NE(error_in("\"status\":\"no UTF-8: \xFF\"").message, "");
  const auto padded = [](std::size_t bytes) { return R"({"code":3,"x":")" + std::string(bytes - 17, 'x') + "\"}"; };
  const auto longest = padded(core::kProviderErrorBytesMax);
  ASSERT_EQ(longest.size(), core::kProviderErrorBytesMax);
  EXPECT_EQ(error_in(R"("error":)" + longest).body, longest);
  const auto too_long = error_in(R"("error":)" + padded(longest.size() + 1));
  EXPECT_EQ(too_long.body, "");
  EXPECT_EQ(too_long.code, 3);
}

TEST(RpcCodes, HaveNamesAndClasses) {
  using core::ErrorClass;
  const std::tuple<int, std::string_view, ErrorClass> codes[] = {{0, "OK", ErrorClass::other},
                                                                 {1, "CANCELLED", ErrorClass::cancelled},
                                                                 {2, "UNKNOWN", ErrorClass::other},
                                                                 {3, "INVALID_ARGUMENT", ErrorClass::invalid},
                                                                 {4, "DEADLINE_EXCEEDED", ErrorClass::expired},
                                                                 {5, "NOT_FOUND", ErrorClass::not_found},
                                                                 {6, "ALREADY_EXISTS", ErrorClass::other},
                                                                 {7, "PERMISSION_DENIED", ErrorClass::denied},
                                                                 {8, "RESOURCE_EXHAUSTED", ErrorClass::exhausted},
                                                                 {9, "FAILED_PRECONDITION", ErrorClass::invalid},
                                                                 {10, "ABORTED", ErrorClass::other},
                                                                 {11, "OUT_OF_RANGE", ErrorClass::invalid},
                                                                 {12, "UNIMPLEMENTED", ErrorClass::invalid},
                                                                 {13, "INTERNAL", ErrorClass::internal},
                                                                 {14, "UNAVAILABLE", ErrorClass::unavailable},
                                                                 {15, "DATA_LOSS", ErrorClass::data_lost},
                                                                 {16, "UNAUTHENTICATED", ErrorClass::denied}};
  for (const auto& [code, name, kind] : codes) {
    EXPECT_EQ(grpc_status(code), name) << code;
    EXPECT_EQ(grpc_code(name), code);
    EXPECT_EQ(error_class(code), kind) << code;
  }
  for (const int code : {17, -1, 1000}) {
    EXPECT_EQ(grpc_status(code), "UNKNOWN") << code;
    EXPECT_EQ(error_class(code), ErrorClass::other) << code;
  }
  EXPECT_EQ(grpc_code("internal"), 0);
  EXPECT_EQ(grpc_code(""), 0);
}

TEST(RpcCodes, EveryClassHasACodeOfThatClass) {
  for (int kind = 0; kind <= static_cast<int>(core::ErrorClass::data_lost); ++kind) {
    const auto as_class = static_cast<core::ErrorClass>(kind);
    EXPECT_EQ(error_class(grpc_code(as_class)), as_class) << kind;
  }
}

TEST(ResultLines, NothingOfOneLineStaysForTheNext) {
  const auto reader = make_gemini()->result_reader();
  reader->feed("{" + kLineKeyMember + R"(,"error":{"code":13)");
  EXPECT_EQ(reader->end_line().kind, Kind::unreadable);
  reader->feed(R"({"response":{}})");
  const auto line = reader->end_line();
  EXPECT_EQ(line.kind, Kind::success);
  EXPECT_FALSE(line.key.has_value());
  reader->feed("x");
  reader->feed("{" + kLineKeyMember + R"(,"response":{}})");
  EXPECT_EQ(reader->end_line().kind, Kind::unreadable);
  reader->feed("{" + kLineKeyMember + R"(,"response":{}})");
  EXPECT_EQ(reader->end_line().kind, Kind::success);
}

TEST(ResultLines, AnyBytesLeaveAReaderThatWorks) {
  const auto reader = make_gemini()->result_reader();
  rc::check([&](const std::string& bytes) {
    reader->feed(bytes);
    reader->end_line();
    reader->feed("{" + kLineKeyMember + R"(,"response":{}})");
    RC_ASSERT(reader->end_line().kind == Kind::success);
  });
}

}  // namespace
}  // namespace batchd::proto
