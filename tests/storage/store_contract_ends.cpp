// How members leave a batch: outcomes, absences, refusals.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum RequestState;

class Ends : public ContractStories {
 protected:
  Recorded record(BatchId batch, std::vector<RequestOutcome> outcomes, int max_attempts = 3) {
    return must([&](Store& s) { return s.record_outcomes(batch, outcomes, max_attempts, now_); });
  }
  Batch batch_of(BatchId id) {
    return must([&](Store& s) { return s.get_batch(id); });
  }
};

TEST_P(Ends, SuccessKeepsTheWholeLine) {
  const auto id = accept(kAnna);
  const auto batch = collecting_batch({kAnna});
  tick();
  const std::string line = R"({"key":"k","response":{}})";
  const auto recorded = record(batch, {success(id, line)});
  EXPECT_EQ(recorded.finished, std::vector{id});
  reopen();
  const auto seen = view(kAnna, id);
  EXPECT_EQ(seen.state, succeeded);
  EXPECT_EQ(seen.finished_at, now_);
  EXPECT_EQ(seen.batch, batch);
  EXPECT_EQ(seen.result.bytes, static_cast<std::int64_t>(line.size()));
  EXPECT_EQ(must([&](Store& s) { return s.read_chunk(seen.result.id, 0); }), line);
  EXPECT_EQ(seen.value_offset, 21);
  EXPECT_EQ(seen.value_bytes, 2);
  EXPECT_FALSE(seen.error);
  EXPECT_EQ(batch_of(batch).lines.succeeded, 1);
  expect_balance();
  step(batch, BatchState::done);
}

TEST_P(Ends, TheFirstOutcomeWins) {
  const auto ids = accept_many(kAnna, 2);
  const auto batch = collecting_batch({kAnna});
  record(batch, {success(ids[0], "first"), success(ids[0], "second"), line_error(ids[1], ErrorClass::invalid, false)});
  const auto again = record(batch, {success(ids[0], "third"), success(ids[1], "fourth")});
  EXPECT_TRUE(again.finished.empty());
  const auto line = view(kAnna, ids[0]).result.id;
  EXPECT_EQ(must([&](Store& s) { return s.read_chunk(line, 0); }), "first");
  const auto failed_one = view(kAnna, ids[1]);
  EXPECT_EQ(failed_one.state, failed);
  ASSERT_TRUE(failed_one.error);
  EXPECT_EQ(failed_one.error->code, 3);
  EXPECT_EQ(failed_one.error->status, "INVALID_ARGUMENT");
  EXPECT_EQ(failed_one.error->message, "said the provider");
  EXPECT_EQ(failed_one.error->source, ErrorSource::provider);
  EXPECT_EQ(failed_one.attempts, 0);
  const auto lines = batch_of(batch).lines;
  EXPECT_EQ(lines.succeeded, 1);
  EXPECT_EQ(lines.failed, 1);
}

TEST_P(Ends, AnotherBatchsMemberIsLeftAlone) {
  const auto mine = accept(kAnna);
  const auto batch = collecting_batch({kAnna});
  const auto theirs = accept(kBob);
  collecting_batch({kBob});
  EXPECT_TRUE(record(batch, {success(theirs), success(RequestId{5})}).finished.empty());
  EXPECT_EQ(view(kBob, theirs).state, packed);
  EXPECT_EQ(view(kAnna, mine).state, packed);
}

TEST_P(Ends, StagedResultIsAdoptedOrDropped) {
  const auto id = accept(kAnna);
  const auto batch = collecting_batch({kAnna});
  const auto spooled = [&](RequestId of) {
    auto outcome = success(of, "");
    outcome.spooled = must([](Store& s) { return s.spool_begin(core::SpoolPurpose::result, {}); });
    must([&](Store& s) { return s.spool_append(outcome.spooled, std::string(kChunkBytesMax, 'r')); });
    must([&](Store& s) { return s.spool_append(outcome.spooled, "tail"); });
    return outcome;
  };
  record(batch, {spooled(id)});
  const auto result = view(kAnna, id).result;
  EXPECT_EQ(result.bytes, static_cast<std::int64_t>(kChunkBytesMax) + 4);
  EXPECT_EQ(must([&](Store& s) { return s.read_chunk(result.id, 1); }), "tail");
  const auto late = spooled(id);
  record(batch, {late});
  while (must([&](Store& s) { return s.purge({kStart, kStart}, now_); }).more) {
  }
  EXPECT_EQ(attempt([&](Store& s) { return s.read_chunk(late.spooled, 0); }).error().code, Errc::not_found);
  EXPECT_EQ(must([&](Store& s) { return s.read_chunk(result.id, 1); }), "tail");
}

TEST_P(Ends, TroubleGoesAgainUntilItsAttemptsAreUsedUp) {
  const auto id = accept(kAnna);
  for (int attempt_n = 1; attempt_n <= 3; ++attempt_n) {
    tick();
    const auto batch = collecting_batch({kAnna});
    const auto recorded = record(batch, {line_error(id, ErrorClass::unavailable, true)});
    const auto seen = view(kAnna, id);
    EXPECT_EQ(seen.attempts, attempt_n);
    EXPECT_EQ(seen.batch, batch);
    EXPECT_EQ(seen.state, attempt_n < 3 ? queued : failed);
    EXPECT_EQ(recorded.requeued, attempt_n < 3 ? 1 : 0);
    EXPECT_EQ(recorded.finished.size(), attempt_n < 3 ? 0U : 1U);
    if (attempt_n < 3) {  // its window starts anew
      EXPECT_EQ(must([](Store& s) { return s.summarise_queue(); }).front().owners.front().oldest, now_);
    }
    EXPECT_EQ(batch_of(batch).lines.requeued, attempt_n < 3 ? 1 : 0);
    expect_balance();
    step(batch, BatchState::done);
  }
}

TEST_P(Ends, AbsentMembersFollowTheVerdict) {
  struct Case {
    AbsentFate fate;
    JobEnd end;
    int max_attempts;
    RequestState state;
    int attempts;
  };
  const auto cause = said(ErrorClass::expired);
  for (const auto& [fate, end, max_attempts, state, attempts] :
       {Case{AbsentFate::requeue, JobEnd::expired, 3, queued, 1},
        Case{AbsentFate::requeue, JobEnd::expired, 1, expired, 1},
        Case{AbsentFate::requeue, JobEnd::succeeded, 1, failed, 1},
        Case{AbsentFate::requeue_free, JobEnd::failed, 1, queued, 0},
        Case{AbsentFate::fail, JobEnd::cancelled, 3, failed, 1}}) {
    const auto id = accept(kBob);
    const auto other = accept(kAnna);
    const auto batch = collecting_batch({kAnna, kBob}, end);
    record(batch, {success(other)});
    const AbsentVerdict verdict{fate, true, cause};
    const auto recorded =
        must([&, attempts = max_attempts](Store& s) { return s.settle_absent(batch, verdict, attempts, now_); });
    EXPECT_FALSE(recorded.more);
    const auto seen = view(kBob, id);
    EXPECT_EQ(seen.state, state);
    EXPECT_EQ(seen.attempts, attempts);
    EXPECT_EQ(seen.error.has_value(), state != queued);
    EXPECT_EQ(view(kAnna, other).state, succeeded);
    const auto lines = batch_of(batch).lines;
    EXPECT_EQ(lines.missing, 1);
    EXPECT_EQ(lines.possibly_charged, 1);
    EXPECT_EQ(lines.requeued + lines.failed, 1);
    expect_balance();
    step(batch, BatchState::done);
    if (state == queued) {
      const auto again = collecting_batch({kBob});
      record(again, {success(id)});
      step(again, BatchState::done);
    }
  }
}

TEST_P(Ends, ManyAbsentMembersGoInSteps) {
  accept_many(kAnna, 2500);
  const auto batch = collecting_batch({kAnna});
  const AbsentVerdict verdict{AbsentFate::fail, false, said(ErrorClass::internal)};
  std::size_t finished = 0;
  int calls = 0;
  for (bool more = true; more; ++calls) {
    const auto recorded = must([&](Store& s) { return s.settle_absent(batch, verdict, 3, now_); });
    finished += recorded.finished.size();
    more = recorded.more;
    reopen();
  }
  EXPECT_EQ(finished, 2500U);
  EXPECT_GT(calls, 1);
  expect_balance();
  step(batch, BatchState::done);
}

TEST_P(Ends, NamedLinesFailWhateverBecameOfTheOthers) {
  const auto ids = accept_many(kAnna, 5);
  const auto batch = sealed_batch({kAnna});
  walk(batch, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
  const auto error = said(ErrorClass::invalid, "no such field");
  const std::vector<LineRefusal> first{{2, error}};
  const std::vector<LineRefusal> both{{2, error}, {5, said(ErrorClass::not_found, "no such file")}, {6, error}};
  EXPECT_EQ(must([&](Store& s) { return s.fail_lines(batch, first, now_); }).finished, std::vector{ids[1]});
  reopen();
  EXPECT_EQ(must([&](Store& s) { return s.fail_lines(batch, both, now_); }).finished, std::vector{ids[4]});
  EXPECT_EQ(view(kAnna, ids[1]).error->message, "no such field") << "it is of no group";
  EXPECT_EQ(view(kAnna, ids[4]).error->message, "no such file");
  EXPECT_EQ(view(kAnna, ids[0]).state, packed);
  EXPECT_EQ(view(kAnna, ids[1]).state, failed);
  EXPECT_EQ(view(kAnna, ids[1]).attempts, 0);
  const auto rest = must([&](Store& s) { return s.fail_members(batch, error, now_); });
  EXPECT_EQ(rest.finished.size(), 3U);
  EXPECT_FALSE(rest.more);
  EXPECT_EQ(batch_of(batch).lines.failed, 5);
  expect_balance();
}

TEST_P(Ends, ManyNamedLinesGoInSteps) {
  const auto ids = accept_many(kAnna, 2300);
  const auto batch = sealed_batch({kAnna});
  walk(batch, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
  std::vector<LineRefusal> named;
  for (std::int64_t line = 1; line <= 2300; line += 2) named.push_back({line, said(ErrorClass::invalid)});
  std::size_t ended = 0;
  int calls = 0;
  for (bool more = true; more; ++calls) {
    const auto recorded = must([&](Store& s) { return s.fail_lines(batch, named, now_); });
    ended += recorded.finished.size();
    more = recorded.more;
    reopen();
  }
  EXPECT_EQ(ended, named.size());
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(batch_of(batch).packed, 1150);
  EXPECT_EQ(view(kAnna, ids[0]).state, failed);
  EXPECT_EQ(view(kAnna, ids[1]).state, packed);
  expect_balance();
}

TEST_P(Ends, OfANamedLineItsOwnerHearsTheLineOfTheGroup) {
  std::string long_words;
  for (std::size_t i = 0; i < kProviderMessageBytesMax / 2; ++i) long_words += "\xC3\xA9";
  const std::vector lines{GroupLine{7, "a", request({}, "{}")}, GroupLine{40, "b", request({}, "{}")},
                          GroupLine{41, "c", request({}, "{}")}};
  const auto sent = must([&](Store& s) { return s.accept_lines(kAnna, "g", lines, now_); });
  const auto single = accept(kAnna);
  const auto batch = sealed_batch({kAnna});
  walk(batch, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
  reopen();
  const std::vector<LineRefusal> named{{2, said(ErrorClass::invalid, "no such field")},
                                       {3, said(ErrorClass::invalid, long_words)},
                                       {4, said(ErrorClass::invalid, "no such field")}};
  must([&](Store& s) { return s.fail_lines(batch, named, now_); });
  must([&](Store& s) { return s.fail_members(batch, said(ErrorClass::not_found, "no such model"), now_); });
  EXPECT_EQ(view(kAnna, sent[1].id).error->message, "line 40 of your group: no such field");
  const auto cut = view(kAnna, sent[2].id).error->message;
  EXPECT_EQ(cut.substr(0, 26), "line 41 of your group: \xC3\xA9\xC3");
  EXPECT_LE(cut.size(), kProviderMessageBytesMax);
  EXPECT_GT(cut.size(), kProviderMessageBytesMax - 2);
  EXPECT_EQ(cut.back(), '\xA9') << "no character is cut";
  EXPECT_EQ(view(kAnna, single).error->message, "no such field");
  EXPECT_EQ(view(kAnna, sent[0].id).error->message, "no such model") << "what is said to all names no line";
}

TEST_P(Ends, UnsealedMembersGoBackToTheirPlace) {
  const auto first = accept(kAnna);
  const auto batch = sealed_batch({kAnna});
  tick();
  accept(kAnna);
  step(batch, BatchState::unsealed);
  const auto recorded = must([&](Store& s) { return s.return_members(batch, now_); });
  EXPECT_EQ(recorded.requeued, 1);
  EXPECT_FALSE(recorded.more);
  EXPECT_EQ(view(kAnna, first).state, queued);
  EXPECT_EQ(view(kAnna, first).attempts, 0);
  const auto queue = must([](Store& s) { return s.summarise_queue(); }).front().owners.front();
  EXPECT_EQ(queue.items, 2);
  EXPECT_EQ(queue.oldest, kStart);
  expect_balance();
}

TEST_P(Ends, OutcomesNeedABatchThatIsOver) {
  const auto id = accept(kAnna);
  const auto batch = submitted_batch({kAnna});
  const std::vector outcomes{success(id)};
  EXPECT_EQ(attempt([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); }).error().code, Errc::stale);
  EXPECT_EQ(attempt([&](Store& s) { return s.return_members(batch, now_); }).error().code, Errc::stale);
}

TEST_P(Ends, LineCountsOfTheCollectorDontTouchTheStores) {
  const auto id = accept(kAnna);
  const auto batch = collecting_batch({kAnna});
  record(batch, {success(id)});
  BatchPatch patch;
  patch.lines = LineCounts{.succeeded = 99, .dropped = 3, .foreign = 1, .unreadable = 2};
  must([&](Store& s) { return s.mark(batch, BatchState::collecting, BatchState::collecting, patch, now_); });
  const auto lines = batch_of(batch).lines;
  EXPECT_EQ(lines.succeeded, 1);
  EXPECT_EQ(lines.dropped, 3);
  EXPECT_EQ(lines.foreign, 1);
  EXPECT_EQ(lines.unreadable, 2);
}

RUN_FOR_EVERY_STORE(Ends);

}  // namespace
}  // namespace batchd::storage::testing
