// The provider's own calls, as its clients make them.
#include <gtest/gtest.h>

#include "proto/gemini/error.h"
#include "proto/gemini/front.h"

namespace batchd::proto {
namespace {

TEST(GeminiCalls, Table) {
  const struct {
    std::string_view path, model, endpoint;
    bool stream;
  } good[] = {{"v1beta/models/gemini-2.5-flash:generateContent", "gemini-2.5-flash", "generateContent", false},
              {"v1/models/m:generateContent", "m", "generateContent", false},
              {"v1alpha/models/m:streamGenerateContent", "m", "generateContent", true},
              {"v1beta/models/gemini-embedding-001:embedContent", "gemini-embedding-001", "embedContent", false},
              {"v1beta/models/gemini-embedding-001:batchEmbedContents", "gemini-embedding-001", "embedContent", false},
              {"v1beta/models/a:b:generateContent", "a:b", "generateContent", false}};
  for (const auto& c : good) {
    const auto call = parse_gemini_call(c.path);
    ASSERT_TRUE(call) << c.path;
    EXPECT_EQ(call->model, c.model);
    EXPECT_EQ(call->endpoint, c.endpoint);
    EXPECT_EQ(call->stream, c.stream);
    EXPECT_EQ(call->many, c.path.ends_with(":batchEmbedContents")) << c.path;
  }
  for (const std::string_view path :
       {"", "v1beta/models", "v1beta/models/m", "v1beta/models/m:countTokens", "v1beta/models/m:batchEmbedContent",
        "v2/models/m:generateContent", "v1beta/tunedModels/m:generateContent", "models/m:generateContent"})
    EXPECT_FALSE(parse_gemini_call(path)) << path;
}

const core::RequestRules kFrontRules{.media = {{"data", ""}}, .dropped = {}};

struct FrontRead {
  std::optional<std::int64_t> tokens;
  std::string request, code, detail;
};
FrontRead read_front(std::string_view body, std::size_t cut) {
  GeminiBodyReader reader("m", kFrontRules);
  FrontRead read;
  if (reader.feed(body.substr(0, cut), read.request)) reader.feed(body.substr(cut), read.request);
  read.tokens = reader.finish(read.request);
  if (!read.tokens) {
    read.code = reader.fault().code;
    read.detail = reader.fault().detail;
  }
  return read;
}

TEST(GeminiBody, PassesButForTheModel) {
  const std::pair<std::string, std::string> table[] = {
      {R"({"contents":[{"parts":[{"text":"12345678"}]}],"generationConfig":{"model":"x","n":1.50}})",
       R"({"contents":[{"parts":[{"text":"12345678"}]}],"generationConfig":{"model":"x","n":1.50}})"},
      {"{ \"model\" : \"models/m\" ,\n \"content\" : {\n\"t\":\"12345678\"} }", R"({"content":{ "t":"12345678"}})"},
      {R"({"content":{"t":"12345678"},"model":"m"})", R"({"content":{"t":"12345678"}})"},
      {R"({"a":"12345678","model":"m","b":2})", R"({"a":"12345678","b":2})"},
  };
  for (const auto& [body, request] : table)
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
      const auto result = read_front(body, cut);
      ASSERT_TRUE(result.tokens) << body << " cut at " << cut << ": " << result.code;
      EXPECT_EQ(result.request, request) << cut;
    }
  EXPECT_EQ(read_front(table[2].first, 0).tokens, 3);
  EXPECT_EQ(read_front(R"({"model":"m","content":{"data":"AAAA","t":"12345678"}})", 9).tokens, 2 + 258 + 1);
  EXPECT_EQ(read_front("{}", 1).request, "{}");
  EXPECT_EQ(read_front(R"({"model":"m"})", 1).request, "{}");
  EXPECT_EQ(read_front(R"({"model":null})", 1).request, "{}") << "as if it weren't there";
}

TEST(GeminiBody, Faults) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", "bad_json"},
      {"{\"a\":1", "bad_json"},
      {"[]", "not_an_object"},
      {R"({"model":"models/other"})", "bad_model"},
      {R"({"model":7})", "bad_model"},
      {R"({"model":{"a":"m"},"b":1})", "bad_model"},
  };
  for (const auto& [body, code] : table)
    for (std::size_t cut = 0; cut <= body.size(); ++cut) EXPECT_EQ(read_front(body, cut).code, code) << body;
  EXPECT_EQ(read_front("\xEF\xBB\xBF{}", 0).detail.find("the body begins with a byte order mark"), 0U);
  EXPECT_EQ(read_front("{x", 0).detail.find("not JSON at byte 1"), 0U);
}

TEST(GeminiErrors, AreGooglesOwn) {
  EXPECT_EQ(gemini_error(429, "full").body,
            "{\"error\":{\"code\":429,\"message\":\"full\",\"status\":\"RESOURCE_EXHAUSTED\"}}\n");
  const struct {
    int problem, http;
    std::string_view status;
  } problems[] = {{400, 400, "INVALID_ARGUMENT"}, {401, 401, "UNAUTHENTICATED"}, {403, 403, "PERMISSION_DENIED"},
                  {404, 404, "NOT_FOUND"},        {410, 410, "NOT_FOUND"},       {413, 413, "INVALID_ARGUMENT"},
                  {422, 422, "INVALID_ARGUMENT"}, {501, 501, "UNIMPLEMENTED"},   {503, 503, "UNAVAILABLE"},
                  {507, 503, "UNAVAILABLE"},      {500, 500, "INTERNAL"}};
  for (const auto& c : problems) {
    const auto error = gemini_error(c.problem, "x");
    EXPECT_EQ(error.http_status, c.http) << c.problem;
    EXPECT_NE(error.body.find("\"code\":" + std::to_string(c.http) + ","), std::string::npos) << error.body;
    EXPECT_NE(error.body.find("\"status\":\"" + std::string(c.status) + '"'), std::string::npos) << error.body;
  }
  const std::pair<int, int> ends[] = {{3, 400}, {5, 404}, {7, 403}, {8, 429}, {9, 400}, {4, 504}, {13, 500}, {14, 503}};
  const auto theirs = [](int code, const char* status = "") {
    return gemini_error({.code = code, .status = status, .message = "x", .source = core::ErrorSource::provider});
  };
  for (const auto& [code, http] : ends) EXPECT_EQ(theirs(code).http_status, http) << code;
  EXPECT_EQ(theirs(77).http_status, 500);
  EXPECT_EQ(theirs(9).body, "{\"error\":{\"code\":400,\"message\":\"x\",\"status\":\"FAILED_PRECONDITION\"}}\n");
  EXPECT_EQ(theirs(9, "ODD").body, "{\"error\":{\"code\":400,\"message\":\"x\",\"status\":\"ODD\"}}\n");
}

// An error without a number of Google's has the one that fits its class.
TEST(GeminiErrors, OfAClass) {
  using core::ErrorClass;
  const std::tuple<ErrorClass, int, std::string> table[] = {{ErrorClass::other, 500, "UNKNOWN"},
                                                            {ErrorClass::invalid, 400, "INVALID_ARGUMENT"},
                                                            {ErrorClass::not_found, 404, "NOT_FOUND"},
                                                            {ErrorClass::denied, 403, "PERMISSION_DENIED"},
                                                            {ErrorClass::exhausted, 429, "RESOURCE_EXHAUSTED"},
                                                            {ErrorClass::unavailable, 503, "UNAVAILABLE"},
                                                            {ErrorClass::internal, 500, "INTERNAL"},
                                                            {ErrorClass::expired, 504, "DEADLINE_EXCEEDED"},
                                                            {ErrorClass::cancelled, 499, "CANCELLED"},
                                                            {ErrorClass::data_lost, 500, "DATA_LOSS"}};
  for (const auto& [kind, http, status] : table) {
    const auto words = ",\"message\":\"x\",\"status\":\"" + status + "\"}}\n";
    for (const auto& error :
         {core::own_error(kind, "x"), core::RequestError{.kind = kind, .code = 2, .status = "ODD", .message = "x"},
          core::RequestError{.kind = kind, .message = "x", .source = core::ErrorSource::provider}}) {
      EXPECT_EQ(gemini_error(error).http_status, http) << status;
      EXPECT_EQ(gemini_error(error).body, "{\"error\":{\"code\":" + std::to_string(http) + words);
    }
  }
}

}  // namespace
}  // namespace batchd::proto
