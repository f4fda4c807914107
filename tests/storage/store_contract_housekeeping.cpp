// Retention, counts, probe.
#include <algorithm>

#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum RequestState;

class Housekeeping : public ContractStories {
 protected:
  std::int64_t purge(WallTime results_before, WallTime idempotency_before, WallTime acknowledged_before = {}) {
    std::int64_t total = 0;
    for (int calls = 0; calls < 1000; ++calls) {
      const PurgeRules rules{results_before, acknowledged_before, idempotency_before};
      const auto purged = must([&](Store& s) { return s.purge(rules, now_); });
      total += purged.requests;
      if (!purged.more) return total;
    }
    ADD_FAILURE() << "purge doesn't come to an end";
    return total;
  }
};

TEST_P(Housekeeping, OldResultsGoWithTheirBodies) {
  const auto old_ids = accept_many(kAnna, 600);
  const auto old_batch = finish({kAnna}, old_ids);
  const auto body = view(kAnna, old_ids[0]).result.id;
  tick(24h);
  const auto young = accept(kAnna);
  finish({kAnna}, {young});
  const auto waiting = accept(kBob);
  EXPECT_EQ(purge(now_, kStart), 600);
  EXPECT_EQ(attempt([&](Store& s) { return s.find_request(kAnna, old_ids[0]); }).error().code, Errc::not_found);
  EXPECT_EQ(attempt([&](Store& s) { return s.read_chunk(body, 0); }).error().code, Errc::not_found);
  EXPECT_EQ(attempt([&](Store& s) { return s.get_batch(old_batch); }).error().code, Errc::not_found);
  EXPECT_EQ(view(kAnna, young).state, succeeded);
  EXPECT_EQ(view(kBob, waiting).state, queued);
  reopen();
  const auto now_counts = counts();
  EXPECT_EQ(now_counts.accepted, 602);
  EXPECT_EQ(now_counts.purged, 600);
  EXPECT_TRUE(now_counts.balanced());
  EXPECT_EQ(purge(now_, kStart), 0);
}

TEST_P(Housekeeping, TheLatestEndOfAForgottenBatchIsRemembered) {
  const auto forgotten = [&] { return must([](Store& s) { return s.forgotten_until(); }); };
  finish({kAnna}, {accept(kAnna)});
  tick();
  finish({kAnna}, {accept(kAnna)});
  EXPECT_EQ(forgotten(), WallTime{});
  tick();
  const auto young = finish({kAnna}, {accept(kAnna)});
  const auto kept_by_a_member = accept(kBob);
  purge(now_, kStart);
  EXPECT_EQ(forgotten(), now_ - 1s);
  tick();
  collecting_batch({kBob});
  purge(now_, kStart);
  reopen();
  EXPECT_EQ(attempt([&](Store& s) { return s.get_batch(young); }).error().code, Errc::not_found);
  EXPECT_EQ(view(kBob, kept_by_a_member).state, packed);
  EXPECT_EQ(forgotten(), now_ - 1s) << "of the dropped ones only";
  // A clock that was set back makes nothing known again.
  now_ = kStart;
  finish({kAnna}, {accept(kAnna)});
  purge(now_ + 1ms, kStart);
  EXPECT_EQ(forgotten(), kStart + 2s);
}

TEST_P(Housekeeping, MembersOfALiveBatchStayReadable) {
  const auto ids = accept_many(kAnna, 2);
  const auto batch = collecting_batch({kAnna});
  const std::vector outcomes{success(ids[0])};
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  tick(24h);
  EXPECT_EQ(purge(now_, kStart), 0);
  EXPECT_EQ(view(kAnna, ids[0]).state, succeeded);
}

TEST_P(Housekeeping, ALineageStaysWhileAChildLives) {
  const auto ids = accept_many(kAnna, 2);
  const auto parent = sealed_batch({kAnna});
  walk(parent, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
  must([&](Store& s) { return s.split(parent, SplitRule::halve, now_); });
  tick(24h);
  purge(now_, kStart);
  EXPECT_EQ(must([&](Store& s) { return s.get_batch(parent); }).creates, 1);
  for (const auto& child : batches_in({BatchState::sealed})) {
    walk(child.id, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
    must([&](Store& s) { return s.fail_members(child.id, said(ErrorClass::invalid), now_); });
    step(child.id, BatchState::done);
  }
  EXPECT_EQ(purge(now_ + 1ms, kStart), 2);
  EXPECT_TRUE(batches_in({BatchState::done}).empty());
}

TEST_P(Housekeeping, IdempotencyKeysOutliveTheirRequests) {
  auto keyed = request(kAnna, "{}");
  keyed.idempotency_key = "k";
  keyed.fingerprint = "f";
  const auto id = must([&](Store& s) { return s.accept(keyed, now_); }).id;
  finish({kAnna}, {id});
  tick(24h);
  EXPECT_EQ(purge(now_, kStart), 1);
  const auto replay = must([&](Store& s) { return s.accept(keyed, now_); });
  EXPECT_TRUE(replay.replayed);
  EXPECT_EQ(replay.id, id);
  purge(now_, kStart + 1ms);
  EXPECT_FALSE(must([&](Store& s) { return s.accept(keyed, now_); }).replayed);
}

TEST_P(Housekeeping, AKeyStaysAsLongAsItsRequestWaits) {
  auto keyed = request(kAnna, "{}");
  keyed.idempotency_key = "k";
  keyed.fingerprint = "f";
  const auto id = must([&](Store& s) { return s.accept(keyed, now_); }).id;
  const auto batch = collecting_batch({kAnna});
  tick(30 * 24h);
  EXPECT_EQ(purge(now_, now_, now_), 0);
  reopen();
  EXPECT_EQ(must([&](Store& s) { return s.accept(keyed, now_); }).id, id);
  const std::vector outcomes{success(id)};
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  purge(kStart, now_);
  EXPECT_EQ(view(kAnna, id).state, succeeded);
  EXPECT_NE(must([&](Store& s) { return s.accept(keyed, now_); }).id, id) << "its result is kept, its key isn't";
}

TEST_P(Housekeeping, AnAcknowledgedResultGoesEarlier) {
  const auto ids = accept_many(kAnna, 4);
  finish({kAnna}, ids);
  tick();
  must([&](Store& s) { return s.acknowledge(kAnna, "", 2, now_); });
  EXPECT_EQ(purge(kStart, kStart, now_), 0) << "not before its grace is over";
  tick();
  EXPECT_EQ(purge(kStart, kStart, now_), 2);
  reopen();
  EXPECT_EQ(attempt([&](Store& s) { return s.find_request(kAnna, ids[0]); }).error().code, Errc::not_found);
  EXPECT_EQ(view(kAnna, ids[2]).state, succeeded);
  EXPECT_EQ(counts().purged, 2);
  expect_balance();
}

TEST_P(Housekeeping, AnAcknowledgedMemberOfALiveBatchStaysReadable) {
  const auto ids = accept_many(kAnna, 2);
  const auto batch = collecting_batch({kAnna});
  const std::vector outcomes{success(ids[0])};
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  must([&](Store& s) { return s.acknowledge(kAnna, "", 1, now_); });
  tick(24h);
  EXPECT_EQ(purge(kStart, kStart, now_), 0);
  EXPECT_EQ(jsonl(batch), "{\"n\":0}\n{\"n\":1}\n");
}

class Groups : public Housekeeping {
 protected:
  std::vector<LineAccepted> send(int count, int from = 1) {
    std::vector<LineAccepted> answers;
    for (int first = from; first < from + count; first += kGroupLinesMax) {
      std::vector<GroupLine> lines;
      for (int i = first; i < std::min(first + kGroupLinesMax, from + count); ++i)
        lines.push_back({i, "digest", request(kAnna, "{}")});
      for (const auto& answer : must([&](Store& s) { return s.accept_lines(kAnna, "file", lines, now_); }))
        answers.push_back(answer);
    }
    return answers;
  }
  static std::int64_t new_ones(const std::vector<LineAccepted>& answers) {
    return std::count_if(answers.begin(), answers.end(),
                         [](const auto& answer) { return answer.kind == LineAccepted::Kind::accepted; });
  }
};

TEST_P(Groups, LinesOutliveTheirRequests) {
  EXPECT_EQ(new_ones(send(3)), 3);
  std::vector<RequestId> ids;
  for (const auto& answer : send(3)) ids.push_back(answer.id);
  finish({kAnna}, ids);
  must([&](Store& s) { return s.acknowledge(kAnna, "", 3, now_); });
  tick(1h);
  EXPECT_EQ(purge(kStart, kStart, now_), 3);
  reopen();
  EXPECT_EQ(new_ones(send(3)), 0) << "the same file, sent again, adds nothing";
  tick(7 * 24h);
  purge(now_, kStart + 1ms);
  EXPECT_EQ(new_ones(send(3)), 3) << "until the group is forgotten";
}

TEST_P(Groups, AGroupStaysAsLongAsOneOfItsRequestsIsKept) {
  const auto first = send(2);
  const auto batch = collecting_batch({kAnna});
  const std::vector outcomes{success(first[0].id)};
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  tick(30 * 24h);
  purge(now_, now_, now_);
  EXPECT_EQ(new_ones(send(2)), 0);
  EXPECT_EQ(view(kAnna, first[1].id).group, "file");
}

TEST_P(Groups, ALineThatCameLaterKeepsTheGroup) {
  finish({kAnna}, {send(1)[0].id});
  tick(24h);
  finish({kAnna}, {send(1, 2)[0].id});
  tick(1h);
  purge(now_, kStart + 2h);
  EXPECT_EQ(new_ones(send(2)), 0);
}

TEST_P(Groups, ALargeGroupGoesInSteps) {
  std::vector<RequestId> ids;
  for (const auto& answer : send(3000)) ids.push_back(answer.id);
  finish({kAnna}, ids);
  tick();
  EXPECT_EQ(purge(now_, kStart), 3000);
  const PurgeRules rules{now_, WallTime{}, now_};
  const auto step = must([&](Store& s) { return s.purge(rules, now_); });
  EXPECT_TRUE(step.more) << "more lines than one call may touch";
  EXPECT_EQ(purge(now_, now_), 0);
  EXPECT_EQ(new_ones(send(3000)), 3000);
}

TEST_P(Housekeeping, ABatchWhoseCreateWasFencedOffStaysForItsSweep) {
  accept(kAnna);
  const auto fenced = sealed_batch({kAnna});
  walk(fenced, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::unclear});
  BatchPatch begun;
  begun.fence_begun = true;
  step(fenced, BatchState::fencing, begun);
  step(fenced, BatchState::fenced);
  must([&](Store& s) { return s.split(fenced, SplitRule::whole, now_); });
  const auto child = batches_in({BatchState::sealed}).front().id;
  walk(child, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
  must([&](Store& s) { return s.fail_members(child, said(ErrorClass::invalid), now_); });
  step(child, BatchState::done);
  tick(71h);
  EXPECT_EQ(purge(now_, now_), 1);
  reopen();
  ASSERT_EQ(batches_in({BatchState::done}).size(), 1U);
  EXPECT_EQ(batches_in({BatchState::done}).front().id, fenced);
  tick(2h);
  purge(now_, now_);
  EXPECT_TRUE(batches_in({BatchState::done}).empty());
}

// What must stay for now is walked past once in a run, and no call looks at more than it may.
TEST_P(Housekeeping, WhatMustStayDoesNotHoldUpTheRest) {
  const auto held = accept_many(kAnna, 5000);
  const auto live = collecting_batch({kAnna});
  for (std::size_t first = 0; first + 1 < held.size(); first += 1000) {
    std::vector<RequestOutcome> outcomes;
    for (auto i = first; i < first + 1000 && i + 1 < held.size(); ++i) outcomes.push_back(success(held[i]));
    must([&](Store& s) { return s.record_outcomes(live, outcomes, 3, now_); });
  }
  tick();
  const auto old_ids = accept_many(kAnna, 3);
  finish({kAnna}, old_ids);
  tick();
  const PurgeRules rules{now_, WallTime{}, now_};
  int calls = 0;
  std::int64_t purged = 0;
  for (bool more = true; more; ++calls) {
    const auto step = must([&](Store& s) { return s.purge(rules, now_); });
    purged += step.requests;
    more = step.more;
    ASSERT_LT(calls, 10);
  }
  EXPECT_EQ(purged, 3);
  EXPECT_GT(calls, 2) << "5,000 rows are more than one call may look at";
  EXPECT_EQ(view(kAnna, held[0]).state, succeeded);
}

TEST_P(Housekeeping, ARunThatWasRolledBackBeginsAgain) {
  const auto ids = accept_many(kAnna, 600);
  finish({kAnna}, ids);
  tick();
  const PurgeRules rules{now_, WallTime{}, now_};
  ASSERT_TRUE(store_->begin_transaction().has_value());
  store_->begin_verb();
  const auto step = store_->purge(rules, now_).value();
  EXPECT_GT(step.requests, 0);
  EXPECT_TRUE(step.more) << "else nothing is shown";
  EXPECT_EQ(store_->end_verb(false), TransactionalStore::TransactionState::lost);
  EXPECT_EQ(view(kAnna, ids[0]).state, succeeded);
  EXPECT_EQ(purge(now_, now_), 600);
}

TEST_P(Housekeeping, IdsNeverComeBack) {
  now_ += 1h;
  const auto id = accept(kAnna);
  const auto batch = finish({kAnna}, {id});
  tick();
  purge(now_, kStart);
  reopen();
  now_ = kStart;
  EXPECT_GT(accept(kAnna).value(), batch.value());
}

TEST_P(Housekeeping, CountsShowStatesAndOldest) {
  const auto ids = accept_many(kAnna, 3);
  tick();
  finish({kAnna}, {ids[0], ids[1], ids[2]});
  const auto finished_at = now_;
  tick();
  accept(kBob);
  accept(kAnna);
  const auto batch = open_batch();
  claim(batch, kAnna);
  const auto seen = counts();
  EXPECT_EQ(seen.requests[0].items, 1);
  EXPECT_EQ(seen.requests[0].oldest, now_);
  EXPECT_EQ(seen.requests[1].items, 1);
  EXPECT_EQ(seen.requests[1].oldest, now_);
  EXPECT_EQ(seen.requests[2].items, 3);
  EXPECT_EQ(seen.requests[2].oldest, finished_at);
  EXPECT_FALSE(seen.requests[3].oldest);
  EXPECT_EQ(seen.batches[0].items, 1);
  EXPECT_GT(seen.database_bytes, 0);
  const auto anna = must([](Store& s) { return s.owner_counts(kAnna); });
  EXPECT_EQ(anna, (std::array<std::int64_t, kRequestStates>{0, 1, 3, 0, 0, 0}));
  const auto totals = must([](Store& s) { return s.totals(); });
  EXPECT_EQ(totals.accepted, 5);
  EXPECT_EQ(totals.purged, 0);
  EXPECT_EQ(totals.requests, (std::array<std::int64_t, kRequestStates>{1, 1, 3, 0, 0, 0}));
  EXPECT_EQ(totals.batches[0], 1);
}

TEST_P(Housekeeping, ProbeWrites) {
  must([](Store& s) { return s.probe(); });
  must([](Store& s) { return s.probe(); });
}

RUN_FOR_EVERY_STORE(Housekeeping);
RUN_FOR_EVERY_STORE(Groups);

}  // namespace
}  // namespace batchd::storage::testing
