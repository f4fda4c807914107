// Lines of a bulk submission: what they may have, their digest, and the answer about all of them.
#include <gtest/gtest.h>

#include <set>

#include "core/provider.h"
#include "proto/api/api.h"

namespace batchd::proto {
namespace {

struct LineRead {
  std::optional<Submission> line;
  std::string code, request;
};
LineRead read_line(std::string_view text) {
  const core::RequestRules rules;
  SubmissionReader reader(rules);
  LineRead read;
  reader.feed(text, read.request);
  read.line = reader.finish();
  if (!read.line) read.code = reader.fault().code;
  return read;
}

TEST(BulkLine, IsReadInTheProvidersForm) {
  const auto line = read_line("{\"key\":\"k-1\",\"request\":{\"contents\":[{\"text\":\"12345678\"}]}}\r");
  ASSERT_TRUE(line.line) << line.code;
  EXPECT_EQ(line.line->key, "k-1");
  EXPECT_EQ(line.line->tokens, 3);
  EXPECT_EQ(line.request, R"({"contents":[{"text":"12345678"}]})");
  EXPECT_TRUE(read_line(R"({"request":{}})").line);
}

TEST(BulkLine, Faults) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"{", "bad_json"},
      {R"({"request":{}} x)", "bad_json"},
      {"[1]", "not_an_object"},
      {R"({"key":"a"})", "missing_member"},
      {R"({"request":{},"model":"m"})", "unknown_member"},
      {R"({"request":{},"channel":"m"})", "unknown_member"},
      {R"({"request":{},"request":{}})", "duplicate_member"},
      {R"({"request":[]})", "bad_request"},
      {R"({"request":{},"key":7})", "bad_key"},
  };
  for (const auto& [text, code] : table) EXPECT_EQ(read_line(text).code, code) << text;
}

TEST(BulkLine, TheDigestStandsForEverything) {
  const auto digest = [](const Submission& submission, std::string_view deadline = "", std::string_view request = "r") {
    return line_digest(submission, deadline, request);
  };
  const auto with = [](auto change) {
    Submission submission{.model = "m", .key = "k", .channel = "c"};
    change(submission);
    return submission;
  };
  const auto plain = with([](Submission&) {});
  std::set<std::string> all{
      digest(plain),
      digest(with([](Submission& s) { s.model = "n"; })),
      digest(with([](Submission& s) { s.key = "l"; })),
      digest(with([](Submission& s) { s.channel = "d"; })),
      digest(with([](Submission& s) { s.account = "other"; })),
      digest(with([](Submission& s) { s.endpoint = "embedContent"; })),
      digest(with([](Submission& s) { s.fail_at_deadline = true; })),
      digest(plain, "90m"),
      digest(plain, "", "s"),
      // The same letters, cut elsewhere.
      digest(with([](Submission& s) { s.channel = "ck", s.key = ""; })),
      digest(with([](Submission& s) { s.model = "mc", s.channel = ""; })),
  };
  EXPECT_EQ(all.size(), 11U);
  EXPECT_EQ(digest(plain), digest(plain));
  EXPECT_EQ(digest(with([](Submission& s) { s.fail_at_deadline = false; })), digest(plain));  // "keep" is the default
  EXPECT_EQ(digest(plain).size(), 32U);
}

TEST(BulkReport, ShowsTheFirstErrorsInTheOrderOfLines) {
  BulkReport report{.group = "g", .channel = "c", .lines = 500, .accepted = 300, .known = 50};
  for (std::int64_t line = 2; line <= 300; line += 2) report.refuse({line, "bad_json", "x"});
  report.refuse({1, "line_differs", "late"});
  EXPECT_EQ(report.refused, 151);
  ASSERT_EQ(report.errors.size(), 100U);
  EXPECT_EQ(report.errors[0].line, 1);
  EXPECT_EQ(report.errors[99].line, 198);
}

TEST(BulkReport, Json) {
  BulkReport report{.group = "g\"", .channel = "c", .lines = 3, .accepted = 1, .known = 1};
  report.refuse({7, "bad_json", "why"});
  const std::string counts = R"("lines":3,"accepted":1,"known":1,"refused":1)";
  EXPECT_EQ(bulk_json(report), R"({"group":"g\"","channel":"c",)" + counts +
                                   R"(,"errors":[{"line":7,"code":"bad_json","detail":"why"}]})"
                                   "\n");
  EXPECT_EQ(bulk_counts(report), counts);
  const auto body = problem({.status = 429, .code = "queue_full", .hint = "h", .members = bulk_counts(report)});
  EXPECT_NE(body.find(R"("hint":"h",)" + counts + "}"), std::string::npos) << body;
}

}  // namespace
}  // namespace batchd::proto
