#include <gtest/gtest.h>

#include "tests/proto/gemini/talk.h"

namespace batchd::proto {
namespace {

const auto kFindGemini = make_gemini();

std::string found_job(const std::string& id, const std::string& tag, const std::string& file = "") {
  return R"({"name":"batches/)" + id + R"(","metadata":{"displayName":")" + tag + '"' +
         (file.empty() ? "" : R"(,"inputConfig":{"fileName":")" + file + "\"}") + R"(,"state":"BATCH_STATE_RUNNING"}})";
}
std::string found_page(const std::string& jobs, const std::string& next = "") {
  return R"({"operations":[)" + jobs + "]" + (next.empty() ? "" : R"(,"nextPageToken":")" + next + '"') + "}";
}
Talk<core::JobMatches> find() { return Talk(kFindGemini->find({.tag = "tok", .file = "files/b-1"})); }
std::string found_names(const Talk<core::JobMatches>& talk) {
  if (talk.outcome() == nullptr) return talk.fault();
  std::string found;
  for (const auto& one : talk.outcome()->jobs) found += one.name.substr(8) + ' ';
  return found;
}

TEST(Find, AllPages) {
  auto talk = find();
  EXPECT_EQ(talk.call().target, "/v1beta/batches?pageSize=100");
  talk.hears(answer(200, found_page(found_job("a", "other") + "," + found_job("b", "tok"), "p/1+ x")));
  EXPECT_EQ(talk.call().target, "/v1beta/batches?pageSize=100&pageToken=p%2F1%2B%20x");
  talk.hears(answer(200, found_page("", "p2")));  // an empty page isn't the end
  talk.hears(answer(200, R"({"nextPageToken":"p3"})"));
  talk.hears(answer(200, found_page(found_job("b", "tok") + "," + found_job("c", "", "files/b-1") + "," +
                                    found_job("d", "toktok", "files/b-11"))));
  EXPECT_EQ(found_names(talk), "b c ");
  EXPECT_TRUE(talk.outcome()->jobs[0].running);
  EXPECT_EQ(talk.outcome()->jobs[1].input_file, "files/b-1");
}

TEST(Find, NothingAtAll) { EXPECT_EQ(found_names(find().hears(answer(200, "{}"))), ""); }

TEST(Find, HalfAListingIsNoListing) {
  const std::vector<std::pair<core::HttpEvent, std::string>> table{
      {no_answer(), "transient"},
      {not_sent(), "not_sent"},
      {not_whole(), "transient"},
      {answer(500), "transient"},
      {answer(429, error_body(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")),
       "throttled"},
      {answer(400, error_body(400, "INVALID_ARGUMENT", "API key not valid.")), "account"},
      {answer(200, ""), "transient"},
      {answer(200, "<html>"), "transient"},
      {answer(200, "[]"), "transient"},
      {answer(200, found_page(found_job("x", "y")).substr(0, 30)), "transient"},
      {answer(200, error_body(503, "UNAVAILABLE", "later")), "transient"},
      {answer(200, R"({"operations":{}})"), "transient"},
      {answer(200, R"({"operations":[7]})"), "transient"},
      {answer(200, R"({"operations":[],"nextPageToken":7})"), "transient"},
      {answer(200, found_page("", std::string(5000, 'x'))), "transient"},
      {answer(200, found_page("", "again")), "transient"},               // a page token that was there already
      {answer(200, found_page(found_job("../x", "tok"))), "transient"},  // ours, but under a name that can't be used
  };
  for (const auto& [event, fault] : table) {
    auto talk = find();
    talk.hears(answer(200, found_page(found_job("b", "tok"), "again")));
    talk.hears(event);
    EXPECT_EQ(found_names(talk), fault) << event.status << ' ' << event.body.substr(0, 100);
  }
}

TEST(Find, SomebodyElsesOddJobIsNoTrouble) {
  EXPECT_EQ(
      found_names(find().hears(answer(200, found_page(found_job("../x", "other") + "," + found_job("b", "tok"))))),
      "b ");
}

TEST(Find, AnEndlessListingEnds) {
  auto talk = find();
  int pages = 0;
  for (; talk.asks() && pages < 20'000; ++pages) {
    talk.calls.clear();
    talk.hears(answer(200, found_page("", "p" + std::to_string(pages))));
  }
  EXPECT_EQ(found_names(talk), "transient");
  EXPECT_EQ(pages, 10'000);
}

TEST(Find, AListingThatLeavesSomethingOutProvesNothing) {
  const std::pair<std::string, std::string> cases[] = {{R"({})", ""},
                                                       {R"({"unreachable":[]})", ""},
                                                       {R"({"operations":[],"unreachable":["x"]})", "transient"},
                                                       {R"({"batches":[{"name":"batches/a"}]})", "transient"}};
  for (const auto& [body, expected] : cases) {
    auto talk = find();
    talk.hears(answer(200, body));
    EXPECT_EQ(found_names(talk), expected) << body;
  }
}

TEST(Find, EmptyTokensMatchNothing) {
  Talk talk(kFindGemini->find({.tag = "", .file = ""}));
  talk.hears(answer(200, found_page(R"({"name":"batches/a","metadata":{}})" + ("," + found_job("b", "")))));
  EXPECT_EQ(found_names(talk), "");
}

}  // namespace
}  // namespace batchd::proto
