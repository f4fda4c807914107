#include <gtest/gtest.h>

#include "proto/gemini/jobs.h"
#include "tests/proto/gemini/talk.h"

namespace batchd::proto {
namespace {

const auto kSurveyGemini = make_gemini();

std::string surveyed_job(const std::string& id, const std::string& tag,
                         const std::string& state = "BATCH_STATE_RUNNING") {
  return R"({"name":"batches/)" + id + R"(","metadata":{"displayName":")" + tag +
         R"(","createTime":"2026-01-06T11:09:11.5Z","inputConfig":{"fileName":"files/in"},)"
         R"("output":{"responsesFile":"files/out"},"state":")" +
         state + R"("},"error":{"code":13,"message":"words"}})";
}
std::string surveyed_page(const std::string& jobs, const std::string& next = "") {
  return R"({"operations":[)" + jobs + "]" + (next.empty() ? "" : R"(,"nextPageToken":")" + next + '"') + "}";
}
Talk<core::JobMatches> survey() { return Talk(kSurveyGemini->survey("batchd-x-")); }
std::string surveyed_names(const Talk<core::JobMatches>& talk) {
  if (talk.outcome() == nullptr) return talk.fault();
  std::string found;
  for (const auto& one : talk.outcome()->jobs) found += one.name.substr(8) + ' ';
  return found;
}

TEST(Survey, EveryJobWithThePrefixOnAllPages) {
  auto talk = survey();
  EXPECT_EQ(talk.call().target, "/v1beta/batches?pageSize=100");
  talk.hears(answer(200, surveyed_page(surveyed_job("a", "batchd-x-1") + "," + surveyed_job("b", "batchd-y-1"), "p2")));
  EXPECT_EQ(talk.call().target, "/v1beta/batches?pageSize=100&pageToken=p2");
  talk.hears(answer(200, surveyed_page("", "p3")));
  talk.hears(answer(200, surveyed_page(surveyed_job("a", "batchd-x-1") + "," +
                                       surveyed_job("c", "batchd-x-", "BATCH_STATE_SUCCEEDED") + "," +
                                       surveyed_job("d", "my batchd-x-2") + "," + surveyed_job("e", "batchd-x") + "," +
                                       surveyed_job("f", ""))));
  ASSERT_EQ(surveyed_names(talk), "a c ");
  const auto& first = talk.outcome()->jobs[0];
  EXPECT_EQ(first.tag, "batchd-x-1");
  EXPECT_FALSE(first.end.has_value());
  EXPECT_EQ(first.created_at, std::chrono::sys_days(std::chrono::year(2026) / 1 / 6) + std::chrono::hours(11) +
                                  std::chrono::minutes(9) + std::chrono::milliseconds(11'500));
  EXPECT_EQ(first.input_file, "");
  EXPECT_FALSE(first.error);
  EXPECT_TRUE(first.results.empty());
  EXPECT_EQ(talk.outcome()->jobs[1].end, core::JobEnd::succeeded);
}

TEST(Survey, HalfAListingIsNoListing) {
  const std::pair<core::HttpEvent, std::string> table[] = {
      {no_answer(), "transient"},
      {answer(500), "transient"},
      {answer(429, error_body(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")),
       "throttled"},
      {answer(400, error_body(400, "INVALID_ARGUMENT", "API key not valid.")), "account"},
      {answer(200, "<html>"), "transient"},
      {answer(200, surveyed_page(surveyed_job("../x", "batchd-x-7"))), "transient"},
      {answer(200, surveyed_page("", "again")), "transient"},
  };
  for (const auto& [event, fault] : table) {
    auto talk = survey();
    talk.hears(answer(200, surveyed_page(surveyed_job("b", "batchd-x-1"), "again")));
    talk.hears(event);
    EXPECT_EQ(surveyed_names(talk), fault) << event.status << ' ' << event.body.substr(0, 100);
  }
}

// Pages of `count` jobs in this state, numbered from `first`.
void show(Talk<core::JobMatches>& talk, std::size_t first, std::size_t count, const std::string& state) {
  for (std::size_t shown = 0; shown < count && talk.asks(); shown += 100) {
    std::string jobs;
    for (std::size_t i = 0; i < 100; ++i) {
      const auto number = std::to_string(first + shown + i);
      jobs += (i == 0 ? "" : ",") + surveyed_job("j" + number, "batchd-x-" + number, state);
    }
    talk.calls.clear();
    talk.hears(answer(200, surveyed_page(jobs, "p" + std::to_string(first + shown))));
  }
}

TEST(Survey, BeyondTheBoundOnlyLiveJobsAreKept) {
  auto talk = survey();
  show(talk, 0, kSurveyJobsMax + 500, "BATCH_STATE_EXPIRED");
  talk.hears(answer(200, surveyed_page(surveyed_job("live", "batchd-x-live") + "," +
                                       surveyed_job("over", "batchd-x-over", "JOB_STATE_FAILED"))));
  ASSERT_NE(talk.outcome(), nullptr);
  EXPECT_EQ(talk.outcome()->jobs.size(), kSurveyJobsMax + 1);
  EXPECT_EQ(talk.outcome()->jobs.back().name, "batches/live");
}

TEST(Survey, MoreLiveJobsThanCanBeIsAFault) {
  auto talk = survey();
  show(talk, 0, 3 * kSurveyJobsMax, "BATCH_STATE_RUNNING");
  EXPECT_EQ(surveyed_names(talk), "transient");
}

}  // namespace
}  // namespace batchd::proto
