#include "core/requeue.h"

#include <gtest/gtest.h>

namespace batchd::core {
namespace {

TEST(Requeue, OnlyTheProvidersOwnTroubleGoesAgain) {
  for (int code = -1; code <= 20; ++code) {
    const bool again = code == 4 || code == 8 || code == 13 || code == 14;
    EXPECT_EQ(after_line_error(code), again ? Again::requeue : Again::no) << code;
  }
}

TEST(Requeue, AbsentLinesFollowTheTable) {
  const struct {
    const char* what;
    JobOutcome outcome;
    AbsentFate fate;
    bool possibly_charged;
  } cases[] = {
      {"SUCCEEDED, line missing",
       {.end = JobEnd::succeeded, .message = {}, .had_lines = true},
       AbsentFate::requeue,
       true},
      {"EXPIRED", {.end = JobEnd::expired, .message = {}}, AbsentFate::requeue, false},
      {"FAILED with lines",
       {.end = JobEnd::failed, .code = 3, .message = {}, .had_lines = true},
       AbsentFate::requeue,
       false},
      {"FAILED without lines", {.end = JobEnd::failed, .code = 3, .message = {}}, AbsentFate::bisect, false},
      {"FAILED without a code", {.end = JobEnd::failed, .message = {}}, AbsentFate::bisect, false},
      {"FAILED, DEADLINE_EXCEEDED", {.end = JobEnd::failed, .code = 4, .message = {}}, AbsentFate::requeue, false},
      {"FAILED, RESOURCE_EXHAUSTED", {.end = JobEnd::failed, .code = 8, .message = {}}, AbsentFate::requeue, false},
      {"FAILED, INTERNAL", {.end = JobEnd::failed, .code = 13, .message = {}}, AbsentFate::requeue, false},
      {"FAILED, UNAVAILABLE", {.end = JobEnd::failed, .code = 14, .message = {}}, AbsentFate::requeue, false},
      {"FAILED because we deleted its file",
       {.end = JobEnd::failed, .code = 3, .message = {}, .we_deleted_its_file = true},
       AbsentFate::requeue_free,
       false},
      {"CANCELLED by us", {.end = JobEnd::cancelled, .message = {}, .we_cancelled = true}, AbsentFate::requeue, true},
      {"CANCELLED elsewhere", {.end = JobEnd::cancelled, .message = {}}, AbsentFate::fail, true},
  };
  for (const auto& c : cases) {
    const auto verdict = judge_absent(c.outcome);
    EXPECT_EQ(verdict.fate, c.fate) << c.what;
    EXPECT_EQ(verdict.possibly_charged, c.possibly_charged) << c.what;
    EXPECT_FALSE(verdict.cause.message.empty()) << c.what;
    EXPECT_EQ(verdict.cause.status, grpc_status(verdict.cause.code)) << c.what;
  }
}

TEST(Requeue, TheProvidersWordsAreKept) {
  const auto verdict = judge_absent({.end = JobEnd::failed, .code = 3, .message = "their words"});
  EXPECT_EQ(verdict.cause.message, "their words");
  EXPECT_EQ(verdict.cause.code, 3);
  EXPECT_EQ(verdict.cause.source, ErrorSource::provider);
}

TEST(Requeue, AttemptsAreBounded) {
  const struct {
    int used;
    bool expiry;
    RequestState state;
  } cases[] = {{0, false, RequestState::queued}, {1, true, RequestState::queued},  {2, false, RequestState::queued},
               {3, false, RequestState::failed}, {3, true, RequestState::expired}, {4, false, RequestState::failed}};
  for (const auto& c : cases) EXPECT_EQ(after_attempt(c.used, 3, c.expiry), c.state) << c.used;
}

}  // namespace
}  // namespace batchd::core
