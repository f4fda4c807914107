// Errors are kept whole, whoever they are of.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

RequestError whole_error(ErrorClass kind) {
  RequestError error;
  error.kind = kind;
  error.code = 429 + static_cast<int>(kind);
  error.status = "rate_limit_error";
  error.message = "said \"the\" provider\nin two lines";
  error.http_status = 503;
  error.body = std::string("{\"error\":{\"type\":\"x\"}}\0\xFF tail", 29);
  error.source = ErrorSource::provider;
  return error;
}

void expect_same(const std::optional<RequestError>& seen, const RequestError& expected) {
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->kind, expected.kind);
  EXPECT_EQ(seen->code, expected.code);
  EXPECT_EQ(seen->status, expected.status);
  EXPECT_EQ(seen->message, expected.message);
  EXPECT_EQ(seen->http_status, expected.http_status);
  EXPECT_EQ(seen->body, expected.body);
  EXPECT_EQ(seen->source, expected.source);
}

class Errors : public ContractStories {
 protected:
  Batch batch_of(BatchId id) {
    return must([&](Store& s) { return s.get_batch(id); });
  }
};

TEST_P(Errors, OfARequestOfWhateverClass) {
  const auto ids = accept_many(kAnna, 10);
  const auto batch = collecting_batch({kAnna});
  std::vector<RequestOutcome> outcomes;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    RequestOutcome outcome;
    outcome.request = ids[i];
    outcome.error = whole_error(static_cast<ErrorClass>(i));
    outcomes.push_back(outcome);
  }
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  reopen();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(view(kAnna, ids[i]).state, RequestState::failed);
    expect_same(view(kAnna, ids[i]).error, whole_error(static_cast<ErrorClass>(i)));
  }
}

TEST_P(Errors, OfARequestWithNothingButAClass) {
  const auto id = accept(kAnna);
  const auto batch = collecting_batch({kAnna});
  RequestError bare;
  bare.kind = ErrorClass::denied;
  must([&](Store& s) { return s.fail_members(batch, bare, now_); });
  reopen();
  expect_same(view(kAnna, id).error, bare);
}

TEST_P(Errors, OfMembersThatHaveNoLine) {
  const auto id = accept(kAnna);
  const auto batch = collecting_batch({kAnna});
  const AbsentVerdict verdict{AbsentFate::fail, false, whole_error(ErrorClass::cancelled)};
  must([&](Store& s) { return s.settle_absent(batch, verdict, 3, now_); });
  reopen();
  expect_same(view(kAnna, id).error, whole_error(ErrorClass::cancelled));
}

TEST_P(Errors, OfARequestThatWasCancelledOrIsLate) {
  const auto cancelled = accept(kAnna);
  must([&](Store& s) { return s.cancel(kAnna, cancelled, now_); });
  auto timed = request(kAnna, "{}");
  timed.deadline = now_;
  timed.fail_at_deadline = true;
  const auto late = must([&](Store& s) { return s.accept(timed, now_); }).id;
  must([&](Store& s) { return s.expire_due(now_); });
  reopen();
  expect_same(view(kAnna, cancelled).error, own_error(ErrorClass::cancelled, "cancelled by its owner"));
  expect_same(view(kAnna, late).error, own_error(ErrorClass::expired, "its deadline passed before a result came"));
}

TEST_P(Errors, OfABatch) {
  accept(kAnna);
  const auto id = collecting_batch({kAnna}, JobEnd::failed);
  EXPECT_FALSE(batch_of(id).error.has_value());
  EXPECT_EQ(batch_of(id).failed_for, FailedFor::refused);
  BatchPatch patch;
  patch.error = whole_error(ErrorClass::exhausted);
  patch.failed_for = FailedFor::too_much;
  must([&](Store& s) { return s.note(id, patch); });
  must([&](Store& s) { return s.note(id, BatchPatch{}); });  // written again as it was read
  reopen();
  expect_same(batch_of(id).error, whole_error(ErrorClass::exhausted));
  EXPECT_EQ(batch_of(id).failed_for, FailedFor::too_much);
  patch.error = RequestError{};
  must([&](Store& s) { return s.note(id, patch); });
  reopen();
  expect_same(batch_of(id).error, RequestError{});
}

RUN_FOR_EVERY_STORE(Errors);

}  // namespace
}  // namespace batchd::storage::testing
