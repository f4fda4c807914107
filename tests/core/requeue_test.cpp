#include "core/requeue.h"

#include <gtest/gtest.h>

#include <set>

namespace batchd::core {
namespace {

TEST(Requeue, OnlyTheProvidersOwnTroubleGoesAgain) {
  const std::set<ErrorClass> trouble{ErrorClass::exhausted, ErrorClass::unavailable, ErrorClass::internal,
                                     ErrorClass::expired};
  for (int kind = 0; kind <= static_cast<int>(ErrorClass::data_lost); ++kind) {
    const auto which = static_cast<ErrorClass>(kind);
    EXPECT_EQ(after_line_error(which), trouble.contains(which) ? Again::requeue : Again::no) << to_text(which);
  }
}

TEST(Requeue, AbsentLinesFollowTheTable) {
  using enum JobEnd;
  const struct {
    const char* what;
    JobOutcome outcome;
    AbsentFate fate;
    bool possibly_charged;
    ErrorClass cause;
  } cases[] = {
      {"succeeded, line missing",
       {.end = succeeded, .error = {}, .had_lines = true},
       AbsentFate::requeue,
       true,
       ErrorClass::internal},
      {"expired", {.end = expired, .error = {}}, AbsentFate::requeue, false, ErrorClass::expired},
      {"failed with lines",
       {.end = failed, .error = {}, .had_lines = true},
       AbsentFate::requeue,
       false,
       ErrorClass::internal},
      {"failed, and nobody knows why", {.end = failed, .error = {}}, AbsentFate::bisect, false, ErrorClass::internal},
      {"failed by the provider's own trouble",
       {.end = failed, .failed_for = FailedFor::trouble, .error = {}},
       AbsentFate::requeue,
       false,
       ErrorClass::internal},
      {"failed for too much at once",
       {.end = failed, .failed_for = FailedFor::too_much, .error = {}},
       AbsentFate::requeue_free,
       false,
       ErrorClass::internal},
      {"failed for too much, with a single request",
       {.end = failed, .failed_for = FailedFor::too_much, .error = {}, .alone = true},
       AbsentFate::requeue,
       false,
       ErrorClass::internal},
      {"failed without its input",
       {.end = failed, .failed_for = FailedFor::no_input, .error = {}},
       AbsentFate::requeue,
       false,
       ErrorClass::internal},
      {"failed for named lines, and something came of it all the same",
       {.end = failed, .failed_for = FailedFor::lines, .error = {}, .had_lines = true},
       AbsentFate::requeue,
       false,
       ErrorClass::internal},
      {"failed for its model",
       {.end = failed, .failed_for = FailedFor::model, .error = {}},
       AbsentFate::bisect,
       false,
       ErrorClass::internal},
      {"failed because we deleted its file",
       {.end = failed, .failed_for = FailedFor::no_input, .error = {}, .we_deleted_its_file = true},
       AbsentFate::requeue_free,
       false,
       ErrorClass::internal},
      {"cancelled by us",
       {.end = cancelled, .error = {}, .we_cancelled = true},
       AbsentFate::requeue,
       true,
       ErrorClass::cancelled},
      {"cancelled elsewhere", {.end = cancelled, .error = {}}, AbsentFate::fail, true, ErrorClass::cancelled},
  };
  for (const auto& c : cases) {
    const auto verdict = judge_absent(c.outcome);
    EXPECT_EQ(verdict.fate, c.fate) << c.what;
    EXPECT_EQ(verdict.possibly_charged, c.possibly_charged) << c.what;
    EXPECT_FALSE(verdict.cause.message.empty()) << c.what;
    EXPECT_EQ(verdict.cause.kind, c.cause) << c.what;
  }
}

TEST(Requeue, WhatTheProviderSaidIsKept) {
  const RequestError said{.kind = ErrorClass::invalid,
                          .code = 3,
                          .status = "their_word",
                          .message = "their words",
                          .http_status = 400,
                          .body = "{}",
                          .source = ErrorSource::provider};
  const auto failed = judge_absent({.end = JobEnd::failed, .error = said}).cause;
  EXPECT_EQ(failed.kind, ErrorClass::invalid);
  EXPECT_EQ(failed.code, 3);
  EXPECT_EQ(failed.status, "their_word");
  EXPECT_EQ(failed.message, "their words");
  EXPECT_EQ(failed.http_status, 400);
  EXPECT_EQ(failed.body, "{}");
  EXPECT_EQ(failed.source, ErrorSource::provider);
  // How the job ended decides over what is said of it.
  const auto expired = judge_absent({.end = JobEnd::expired, .error = said}).cause;
  EXPECT_EQ(expired.kind, ErrorClass::expired);
  EXPECT_EQ(expired.message, "their words");
  EXPECT_EQ(expired.source, ErrorSource::provider);
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
