#include <gtest/gtest.h>

#include "core/limits.h"
#include "core/provider.h"
#include "proto/api/api.h"

namespace batchd::proto {
namespace {

struct SubmissionRead {
  std::optional<Submission> submission;
  SubmissionFault fault;
  std::string request;
};

const core::RequestRules kUsual{.media = {{"data", ""}}, .dropped = {}};
const core::RequestRules kOther{.media = {{"url", "pic:"}}, .media_tokens = 7, .dropped = {"n"}};

SubmissionReader call_reader() {
  return SubmissionReader(kUsual, [](const std::string& account, const std::string& endpoint) {
    return account == "other" || endpoint == "other" ? &kOther : account == "nobody" ? nullptr : &kUsual;
  });
}

SubmissionRead read_submission(std::string_view body, std::size_t cut) {
  auto reader = call_reader();
  SubmissionRead result;
  if (reader.feed(body.substr(0, cut), result.request)) reader.feed(body.substr(cut), result.request);
  result.submission = reader.finish();
  result.fault = reader.fault();
  return result;
}

TEST(Submission, WholeAndMinimal) {
  const std::string body =
      " {\"model\" : \"models/gemini-2.5-flash\",\r\n\"request\": "
      "{\"contents\":[\n{\"text\":\"12345678\"}\r\n],\"model\":\"x\"} , "
      "\"key\":\"my \\\"key\\\" \\u00e9\",\"account\":\"team-a\",\"endpoint\":\"generateContent\"}\n";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    const auto result = read_submission(body, cut);
    ASSERT_TRUE(result.submission.has_value()) << cut << result.fault.detail;
    EXPECT_EQ(result.submission->model, "models/gemini-2.5-flash");
    EXPECT_EQ(result.submission->key, "my \"key\" \xC3\xA9");
    EXPECT_EQ(result.submission->account, "team-a");
    EXPECT_EQ(result.submission->endpoint, "generateContent");
    EXPECT_EQ(result.submission->tokens, 9 / 4 + 1);
    EXPECT_EQ(result.request, "{\"contents\":[ {\"text\":\"12345678\"}  ],\"model\":\"x\"}");
  }
  const auto minimal = read_submission(R"({"request":{},"model":"m"})", 3);
  ASSERT_TRUE(minimal.submission.has_value());
  EXPECT_EQ(minimal.submission->account, "default");
  EXPECT_EQ(minimal.submission->endpoint, "");
  EXPECT_EQ(minimal.submission->key, "");
  EXPECT_EQ(minimal.submission->tokens, 1);
  EXPECT_EQ(minimal.request, "{}");
}

TEST(Submission, MediaIsNotText) {
  const auto result =
      read_submission(R"({"model":"m","request":{"parts":[{"inlineData":{"mimeType":"image/png","data":")" +
                          std::string(100'000, 'A') + R"("}},{"text":"12345678"}]}})",
                      500);
  ASSERT_TRUE(result.submission.has_value());
  EXPECT_EQ(result.submission->tokens, (8 + 9) / 4 + 258 + 1);
}

TEST(Submission, TheRulesAreThoseOfAccountAndEndpointBeforeTheRequest) {
  const std::string request = R"("request":{"n":1,"data":"1234","x":{"url":"pic:12345678"}})";
  const struct {
    std::string body;
    std::int64_t tokens;  // 0: refused
  } table[] = {
      {R"({"model":"m",)" + request + "}", 12 / 4 + 258 + 1},
      {R"({"account":"team","endpoint":"e","model":"m",)" + request + "}", 12 / 4 + 258 + 1},
      {R"({"model":"m",)" + request + R"(,"account":"team","endpoint":"e"})", 12 / 4 + 258 + 1},
      {R"({"account":"other","model":"m",)" + request + "}", 4 / 4 + 7 + 1},
      {R"({"endpoint":"oth\u0065r","model":"m",)" + request + "}", 4 / 4 + 7 + 1},
      {R"({"account":"other",)" + request + R"(,"endpoint":"e","model":"m"})", 4 / 4 + 7 + 1},
      {R"({"model":"m",)" + request + R"(,"account":"other"})", 0},
      {R"({"account":"team",)" + request + R"(,"endpoint":"other","model":"m"})", 0},
      // There is no such account: that is said by whoever knows the accounts.
      {R"({"account":"nobody",)" + request + R"(,"model":"m"})", 12 / 4 + 258 + 1},
      {R"({"model":"m",)" + request + R"(,"account":"nobody"})", 12 / 4 + 258 + 1},
  };
  for (const auto& [body, tokens] : table)
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
      const auto result = read_submission(body, cut);
      ASSERT_EQ(result.submission.has_value(), tokens > 0) << body << " cut at " << cut << result.fault.detail;
      if (tokens > 0) {
        EXPECT_EQ(result.submission->tokens, tokens) << body << " cut at " << cut;
        EXPECT_EQ(result.request.find("\"n\"") == std::string::npos, tokens < 258) << body;
      } else {
        EXPECT_EQ(result.fault.code, "bad_account");
        EXPECT_EQ(result.fault.detail, R"("account" and "endpoint" must stand before "request" here)");
      }
    }
}

TEST(Submission, BytesPassThroughVerbatim) {
  const std::string request = "{\"t\":\"\\ud83d\\ude00 \xE2\x80\xA8 \\n\",\"n\":1.0000000000000000000000001e-400}";
  const auto result = read_submission(R"({"model":"m","request":)" + request + "}", 40);
  ASSERT_TRUE(result.submission.has_value());
  EXPECT_EQ(result.request, request);
}

struct Faulty {
  std::string body, code;
  std::optional<std::uint64_t> offset = {};
  int status = 400;
};
void PrintTo(const Faulty& faulty, std::ostream* out) { *out << faulty.body.substr(0, 100); }

class Refused : public testing::TestWithParam<Faulty> {};

TEST_P(Refused, InAnyFragmentation) {
  const auto& faulty = GetParam();
  const std::size_t step = faulty.body.size() > 2000 ? faulty.body.size() / 20 : 1;
  for (std::size_t cut = 0; cut <= faulty.body.size(); cut += step) {
    const auto result = read_submission(faulty.body, cut);
    EXPECT_FALSE(result.submission.has_value());
    EXPECT_EQ(result.fault.code, faulty.code) << "cut at " << cut;
    EXPECT_EQ(result.fault.offset, faulty.offset);
    EXPECT_EQ(result.fault.status, faulty.status);
    EXPECT_FALSE(result.fault.detail.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refused,
    testing::Values(Faulty{"", "bad_json", 0}, Faulty{"{", "bad_json", 1},
                    Faulty{R"({"model":"m","request":{"a":tru}})", "bad_json", 31},
                    Faulty{"{\"model\":\"m\",\"request\":{\"a\":\"\xFF\"}}", "bad_json", 29},
                    Faulty{R"({"model":"m","request":{}}x)", "bad_json", 26}, Faulty{"[]", "not_an_object"},
                    Faulty{"1", "not_an_object"}, Faulty{"\"x\"", "not_an_object"}, Faulty{"{}", "missing_member"},
                    Faulty{R"({"model":"m"})", "missing_member"}, Faulty{R"({"request":{}})", "missing_member"},
                    Faulty{R"({"model":"m","request":{},"priority":1})", "unknown_member"},
                    Faulty{R"({"Model":"m","request":{}})", "unknown_member"},
                    Faulty{R"({"model":"m","request":{},"request":{}})", "duplicate_member"},
                    Faulty{R"({"model":"m","\u006dodel":"m","request":{}})", "duplicate_member"},
                    Faulty{R"({"model":5,"request":{}})", "bad_model"},
                    Faulty{R"({"model":"","request":{}})", "bad_model"},
                    Faulty{R"({"model":"a b","request":{}})", "bad_model"},
                    Faulty{R"({"model":"a\r\nb","request":{}})", "bad_model"},
                    Faulty{R"({"model":{"a":"b"},"request":{}})", "bad_model"},
                    Faulty{R"({"model":")" + std::string(136, 'm') + R"(","request":{}})", "bad_model"},
                    Faulty{R"({"model":")" + std::string(100'000, 'm') + R"(","request":{}})", "bad_model"},
                    Faulty{R"({"model":"m","request":{},"key":null,"key":"k"})", "duplicate_member"},
                    Faulty{R"({"model":null,"request":{}})", "missing_member"},
                    Faulty{R"({"model":"m","request":{},"key":")" + std::string(513, 'k') + "\"}", "bad_key"},
                    Faulty{R"({"model":"m","request":{},"account":"Team A"})", "bad_account"},
                    Faulty{R"({"model":"m","request":{},"account":""})", "bad_account"},
                    Faulty{R"({"model":"m","request":{},"account":")" + std::string(65, 'a') + "\"}", "bad_account"},
                    Faulty{R"({"model":"m","request":{},"endpoint":"count tokens"})", "bad_endpoint"},
                    Faulty{R"({"model":"m","request":[]})", "bad_request"},
                    Faulty{R"({"model":"m","request":"{}"})", "bad_request"},
                    Faulty{R"({"model":"m","request":null})", "bad_request"},
                    Faulty{R"({"model":"m","request":{"a":)" + std::string(100, '['), "bad_json", 28 + 62}));

TEST(Submission, NullIsNone) {
  const auto result = read_submission(
      R"({"key":null,"account":null,"endpoint":null,"channel":null,"deadline":null,"on_deadline":null,"labels":null,)"
      R"("model":"m","request":{"a":null}})",
      30);
  ASSERT_TRUE(result.submission) << result.fault.detail;
  EXPECT_EQ(result.submission->account, "default");
  EXPECT_EQ(result.submission->key + result.submission->endpoint + result.submission->channel, "");
  EXPECT_EQ(result.submission->labels, "");
  EXPECT_FALSE(result.submission->deadline || result.submission->fail_at_deadline);
  EXPECT_EQ(result.request, R"({"a":null})") << "what is the caller's own is passed on";
  EXPECT_FALSE(read_submission(R"({"model":"m","request":{},"nonsense":null})", 9).submission);

  SubmissionReader line(kUsual);
  std::string request;
  EXPECT_TRUE(line.feed(R"({"request":{},"key":null})", request));
  EXPECT_TRUE(line.finish());
  // Absent ones don't say which rules there are.
  EXPECT_TRUE(read_submission(R"({"model":"m","request":{},"account":null})", 9).submission);
}

TEST(Submission, MembersOfOtherFormatsAreToldWithWhatToWrite) {
  const std::pair<std::string, std::string> table[] = {
      {"custom_id", "\"key\""},    {"metadata", "\"key\""},    {"body", "\"request\""},
      {"params", "\"request\""},   {"method", "leave it out"}, {"url", "leave it out"},
      {"contents", "\"request\""}, {"model", "for all lines"}, {"labels", "\"key\""},
  };
  for (const auto& [name, words] : table) {
    SubmissionReader line(kUsual);
    std::string request;
    line.feed("{\"" + name + "\":1}", request);
    EXPECT_FALSE(line.finish());
    EXPECT_EQ(line.fault().code, "unknown_member");
    EXPECT_TRUE(line.fault().detail.starts_with("there is no member \"" + name + "\" in a line: "));
    EXPECT_NE(line.fault().detail.find(words), std::string::npos) << line.fault().detail;
  }
  const auto single = read_submission(R"({"model":"m","custom_id":"x","request":{}})", 20);
  EXPECT_NE(single.fault.detail.find("\"key\""), std::string::npos) << single.fault.detail;
  EXPECT_EQ(read_submission(R"({"priority":1})", 3).fault.detail, "there is no member \"priority\" in a request");
}

TEST(Submission, AnotherEncodingIsNamed) {
  const auto marked = read_submission("\xEF\xBB\xBF{}", 4);
  EXPECT_EQ(marked.fault.code, "bad_json");
  EXPECT_NE(marked.fault.detail.find("byte order mark"), std::string::npos) << marked.fault.detail;
}

TEST(Submission, TooLarge) {
  auto reader = call_reader();
  std::string request;
  ASSERT_TRUE(reader.feed(R"({"model":"m","request":{"text":")", request));
  const std::string text(1 << 20, 'x');
  bool good = true;
  int pieces = 0;
  for (; good && pieces < 100; ++pieces) {
    request.clear();
    good = reader.feed(text, request);
  }
  EXPECT_EQ(pieces, 32);
  EXPECT_FALSE(reader.finish().has_value());
  EXPECT_EQ(reader.fault().code, "too_large");
  EXPECT_EQ(reader.fault().status, 413);
}

TEST(ParseAdopt, Table) {
  EXPECT_EQ(parse_adopt(R"({"job":"batches/abc"})").value(), "batches/abc");
  for (const char* body : {"", "{}", R"({"job":""})", R"({"job":5})", R"({"job":"batches/a","x":1})", "[1]"})
    EXPECT_FALSE(parse_adopt(body).has_value()) << body;
}

}  // namespace
}  // namespace batchd::proto
