// Lines of a bulk submission: what they may have, their digest, and the answer about all of them.
#include <gtest/gtest.h>

#include <set>

#include "core/provider.h"
#include "proto/api/api.h"
#include "proto/api/file_form.h"

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

struct FormSeen {
  std::string code, words;  // empty: lines of our form, as far as can be seen
};
FormSeen form_of(const std::string& file, std::size_t cut, const std::string& endpoint = "generateContent") {
  FileForm form(endpoint);
  auto fault = form.take(std::string_view(file).substr(0, cut));
  if (!fault) fault = form.take(std::string_view(file).substr(cut));
  if (!fault) fault = form.finish();
  return fault ? FormSeen{fault->code, fault->detail} : FormSeen{};
}

TEST(FileForm, AFileInAnotherFormIsToldInOneSentence) {
  using namespace std::string_literals;
  const std::string good = R"({"key":"a, b","request":{"contents":[{"parts":[{"text":"x,"}]}],"n":[1,2]}})";
  const struct {
    std::string file, code, words;
  } table[] = {
      {good + ",\n" + good + ",\n", "bad_json", "comma"},
      {"\n \r\n" + good + " , \r\n" + good, "bad_json", "comma"},
      {good + ",", "bad_json", "comma"},
      {"\xEF\xBB\xBF" + good, "bad_json", "byte order mark"},
      {"\xFF\xFE{\0\"\0k\0"s, "bad_json", "UTF-16"},
      {"{\0\"\0k\0"s, "bad_json", "UTF-16LE"},
      {"\0{\0\"\0k"s, "bad_json", "UTF-16BE"},
      {"\x1F\x8B\x08", "bad_json", "gzip"},
      {"PK\x03\x04", "bad_json", "zip"},
      {"[" + good + "," + good + "]", "bad_json", "array"},
      {"\n  [\n" + good + "\n]", "bad_json", "array"},
      {"{\n  \"key\": \"a\",\n  \"request\": {}\n}\n", "bad_json", "on one line"},
      {R"({"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m","messages":[]}})",
       "unknown_member", "\"key\""},
      {R"({"custom_id":"a","params":{"model":"m","max_tokens":9,"messages":[]}})", "unknown_member", "\"key\""},
      {R"({"request":{},"metadata":{"a":"b"}})", "unknown_member", "\"metadata\""},
      {R"({"contents":[{"parts":[{"text":"x"}]}]})", "unknown_member", "\"request\""},
      {R"({"key":"a","request":{"model":"m","messages":[{"role":"user","content":"x"}]}})", "bad_request",
       "\"messages\""},
      // ours, or a fault of one line only
      {good, "", ""},
      {good + "\n" + good + ",\n", "", ""},
      {"\n\n" + good + "\r\n[]\n", "", ""},
      {"nonsense\n" + good, "", ""},
      {"{\"request\":\n" + good, "", ""},
      {good + "x,\n", "", ""},
      {good + ",x\n", "", ""},
      {R"({"request":{"contents":[{"messages":1}]}})", "", ""},
      {R"({"request":{},"model":"m"})", "", ""},
      {"", "", ""},
      {"\n", "", ""},
  };
  for (const auto& row : table)
    for (std::size_t cut = 0; cut <= row.file.size(); ++cut) {
      const auto seen = form_of(row.file, cut);
      ASSERT_EQ(seen.code, row.code) << row.file << " cut at " << cut << ": " << seen.words;
      ASSERT_NE(seen.words.find(row.words), std::string::npos) << row.file << " cut at " << cut << ": " << seen.words;
    }
  const std::string chat = R"({"request":{"messages":[]}})";
  EXPECT_EQ(form_of(chat, 3, "/v1/chat/completions").code, "") << "there these are the provider's own words";
}

}  // namespace
}  // namespace batchd::proto
