// Fetching what a job has made, and cancelling it.
#include <gtest/gtest.h>

#include "tests/proto/gemini/texts.h"

namespace batchd::proto {
namespace {

const auto kResultsGemini = make_gemini();
const std::string kEndedJob = "batches/o08hy9p5df66syjxke2eq4xfjqcwp47exi46";

TEST(Cancel, FinishedJobsAreNoTrouble) {
  const auto fault_of = [](const core::HttpEvent& event) {
    return Talk(kResultsGemini->cancel(kEndedJob)).hears(event).fault();
  };
  Talk talk(kResultsGemini->cancel(kEndedJob));
  EXPECT_EQ(talk.call().method, "POST");
  EXPECT_EQ(talk.call().target, "/v1beta/" + kEndedJob + ":cancel");
  EXPECT_EQ(fault_of(answer(200, "{}")), "no fault");
  EXPECT_EQ(fault_of(answer(200, "")), "no fault");
  EXPECT_EQ(fault_of(answer(400, error_body(400, "FAILED_PRECONDITION", "already finished"))), "no fault");
  EXPECT_EQ(fault_of(answer(404, error_body(404, "NOT_FOUND", "gone"))), "no fault");
  EXPECT_EQ(fault_of(answer(409, error_body(409, "ABORTED", "x"))), "no fault");
  EXPECT_EQ(fault_of(answer(404, "<html>")), "transient");
  EXPECT_EQ(fault_of(answer(200, error_body(500, "INTERNAL", "x"))), "transient");
  EXPECT_EQ(fault_of(answer(503)), "transient");
}

TEST(Results, BothAddressesAreTriedOnce) {
  Talk talk(kResultsGemini->results("files/batch-o08h"));
  EXPECT_EQ(talk.call().target, "/v1beta/files/batch-o08h:download?alt=media");
  EXPECT_EQ(talk.call().sink, core::HttpCall::Sink::lines);
  talk.hears(answer(400, error_body(400, "INVALID_ARGUMENT", "no")));
  EXPECT_EQ(talk.call().target, "/download/v1beta/files/batch-o08h:download?alt=media");
  auto streamed = answer(200);
  streamed.streamed_bytes = 123;
  talk.hears(streamed);
  ASSERT_NE(talk.outcome(), nullptr);
  EXPECT_EQ(talk.outcome()->bytes, 123);

  Talk missing(kResultsGemini->results("files/batch-o08h"));
  missing.hears(answer(404, error_body(404, "NOT_FOUND", "x"))).hears(answer(404, error_body(404, "NOT_FOUND", "x")));
  EXPECT_EQ(missing.fault(), "missing");
  EXPECT_EQ(Talk(kResultsGemini->results("files/r")).hears(no_answer()).fault(), "transient");
  EXPECT_EQ(Talk(kResultsGemini->results("files/r")).hears(answer(503)).fault(), "transient");
}

TEST(Results, A403IsExplainedByAListing) {
  const auto after = [](const core::HttpEvent& listing) {
    Talk talk(kResultsGemini->results("files/batch-o08h"));
    talk.hears(answer(403, kFile403)).hears(answer(403, kFile403));
    EXPECT_EQ(talk.call().target, "/v1beta/files?pageSize=100");
    return talk.hears(listing).fault();
  };
  EXPECT_EQ(after(answer(200, "{}")), "missing");
  EXPECT_EQ(after(answer(403, kNoKey)), "account");
}

TEST(Results, OfAJobThatShowsThemItself) {
  Talk talk(kResultsGemini->results(kEndedJob));
  EXPECT_EQ(talk.call().target, "/v1beta/" + kEndedJob);
  EXPECT_EQ(talk.call().sink, core::HttpCall::Sink::lines);
  EXPECT_EQ(talk.call().lines_in, "inlinedResponses");
  auto streamed = answer(200);
  streamed.streamed_bytes = 5;
  ASSERT_NE(talk.hears(streamed).outcome(), nullptr);
  EXPECT_EQ(talk.outcome()->bytes, 5);
  EXPECT_EQ(Talk(kResultsGemini->results(kEndedJob)).hears(answer(404, kEntity404)).fault(), "missing");
  EXPECT_EQ(Talk(kResultsGemini->results(kEndedJob)).hears(answer(403, kNoKey)).hears(answer(200, "{}")).fault(),
            "missing");
  EXPECT_EQ(Talk(kResultsGemini->results(kEndedJob)).hears(no_answer()).fault(), "transient");
}

TEST(Results, RedirectsAreFollowedALittle) {
  auto redirect = answer(302);
  redirect.redirect = "/elsewhere?token=1";
  Talk talk(kResultsGemini->results("files/r"));
  talk.hears(redirect);
  EXPECT_EQ(talk.call().target, "/elsewhere?token=1");
  EXPECT_EQ(talk.call().sink, core::HttpCall::Sink::lines);
  auto streamed = answer(200);
  streamed.streamed_bytes = 123;
  talk.hears(streamed);
  ASSERT_NE(talk.outcome(), nullptr);

  EXPECT_EQ(Talk(kResultsGemini->results("files/r")).hears(answer(302)).fault(), "transient");  // to another origin
  Talk loop(kResultsGemini->results("files/r"));
  for (int i = 0; i < 5; ++i) loop.hears(redirect);
  EXPECT_EQ(loop.hears(redirect).fault(), "transient");
}

}  // namespace
}  // namespace batchd::proto
