// Requests that end before their result: cancelled or expired, queued or packed.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum BatchState;

class Cancelling : public ContractStories {
 protected:
  Cancelled cancel(RequestId id, OwnerId owner = kAnna) {
    return must([&](Store& s) { return s.cancel(owner, id, now_); });
  }
  void cancel_all(const std::vector<RequestId>& ids) {  // in one group
    CHECK(store_->begin_transaction().has_value());
    for (const auto id : ids) {
      store_->begin_verb();
      CHECK(store_->cancel(kAnna, id, now_).has_value());
      store_->end_verb(true);
    }
    CHECK(store_->commit_transaction().has_value());
  }
  RequestId due(Duration in, bool fail = true) {
    auto fresh = request(kAnna, "{}");
    fresh.deadline = now_ + in;
    fresh.fail_at_deadline = fail;
    return must([&](Store& s) { return s.accept(fresh, now_); }).id;
  }
  Batch batch_of(BatchId id) {
    return must([&](Store& s) { return s.get_batch(id); });
  }
};

TEST_P(Cancelling, AQueuedOneIsGone) {
  const auto id = accept(kAnna, "123", 5);
  const auto kept = accept(kAnna, "4567", 6);
  tick();
  const auto cancelled = cancel(id);
  EXPECT_EQ(cancelled.was, RequestState::queued);
  EXPECT_EQ(cancelled.recorded.finished, std::vector{id});
  EXPECT_EQ(cancelled.recorded.owners, std::vector{kAnna});
  EXPECT_EQ(cancelled.recorded.ends[static_cast<std::size_t>(RequestState::cancelled)], 1);
  EXPECT_FALSE(cancelled.deserted);
  reopen();
  const auto seen = view(kAnna, id);
  EXPECT_EQ(seen.state, RequestState::cancelled);
  EXPECT_EQ(seen.finished_at, now_);
  EXPECT_EQ(seen.completion, 1);
  EXPECT_EQ(seen.attempts, 0);
  ASSERT_TRUE(seen.error.has_value());
  EXPECT_EQ(seen.error->code, 1);
  EXPECT_EQ(seen.error->status, "CANCELLED");
  EXPECT_EQ(seen.error->message, "cancelled by its owner");
  EXPECT_EQ(seen.error->source, ErrorSource::batchd);
  const auto queue = must([](Store& s) { return s.summarise_queue(); }).front().owners.front();
  EXPECT_EQ(queue.items, 1);
  EXPECT_EQ(queue.bytes, 4);
  EXPECT_EQ(queue.tokens, 6);
  EXPECT_EQ(jsonl(sealed_batch({kAnna})), "4567\n");
  EXPECT_EQ(view(kAnna, kept).state, RequestState::packed);
  expect_balance();
}

TEST_P(Cancelling, OnlyItsOwnersAndOnlyOnce) {
  const auto id = accept(kAnna);
  const auto try_it = [&](OwnerId owner, RequestId which) {
    return attempt([&](Store& s) { return s.cancel(owner, which, now_); }).error().code;
  };
  EXPECT_EQ(try_it(kBob, id), Errc::not_found);
  EXPECT_EQ(try_it(kAnna, RequestId{1}), Errc::not_found);
  const auto batch = collecting_batch({kAnna});
  const std::vector outcomes{success(id)};
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  EXPECT_EQ(try_it(kAnna, id), Errc::conflict);
  EXPECT_EQ(view(kAnna, id).state, RequestState::succeeded);
}

TEST_P(Cancelling, APackedOneStaysALineWhoseResultIsDropped) {
  const auto first = accept(kAnna, "1");
  const auto second = accept(kAnna, "2");
  const auto third = accept(kBob, "3");
  const auto batch = collecting_batch({kAnna, kBob});
  EXPECT_FALSE(cancel(second).deserted);
  reopen();
  EXPECT_EQ(jsonl(batch), "1\n2\n3\n");
  EXPECT_EQ(view(kAnna, second).batch, batch);
  EXPECT_EQ(batch_of(batch).items, 3);
  EXPECT_EQ(batch_of(batch).packed, 2);
  EXPECT_EQ(batch_of(batch).lines.failed, 0);  // that counts lines that came

  const std::vector outcomes{success(first), success(second), line_error(third, ErrorClass::invalid, false)};
  const auto recorded = must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  EXPECT_EQ(recorded.finished, (std::vector{first, third}));
  EXPECT_EQ(recorded.owners, (std::vector{kAnna, kBob}));
  EXPECT_EQ(recorded.ends[static_cast<std::size_t>(RequestState::succeeded)], 1);
  EXPECT_EQ(recorded.ends[static_cast<std::size_t>(RequestState::failed)], 1);
  EXPECT_EQ(view(kAnna, second).state, RequestState::cancelled);
  EXPECT_FALSE(view(kAnna, second).result.id);
  step(batch, done);
  expect_balance();
}

TEST_P(Cancelling, LinesKeepTheirNumbers) {
  const auto ids = accept_many(kAnna, 4);
  const auto batch = sealed_batch({kAnna});
  walk(batch, {uploading, uploaded, creating, refused});
  cancel(ids[0]);
  cancel(ids[1]);
  const std::vector<LineRefusal> lines{{2, said(ErrorClass::invalid)}, {3, said(ErrorClass::invalid)}};
  const auto failed = must([&](Store& s) { return s.fail_lines(batch, lines, now_); });
  EXPECT_EQ(failed.finished, std::vector{ids[2]});
  EXPECT_EQ(failed.owners, std::vector{kAnna});
  EXPECT_EQ(view(kAnna, ids[1]).state, RequestState::cancelled);
  EXPECT_EQ(view(kAnna, ids[3]).state, RequestState::packed);
}

TEST_P(Cancelling, TheLastToGoLeavesADesertedBatchInWhateverState) {
  const std::vector<std::vector<BatchState>> walks{
      {},
      {uploading},
      {uploading, uploaded},
      {uploading, uploaded, creating},
      {uploading, uploaded, creating, submitted},
      {uploading, uploaded, creating, submitted, ended},
      {uploading, uploaded, creating, submitted, ended, collecting},
      {uploading, uploaded, creating, submitted, lost},
      {uploading, uploaded, creating, submitted, lost, held},
      {uploading, uploaded, creating, unclear},
      {uploading, uploaded, creating, unclear, fencing},
      {uploading, uploaded, creating, unclear, fencing, fenced},
      {uploading, uploaded, creating, refused},
      {unsealed},
  };
  for (const auto& way : walks) {
    const auto first = accept(kAnna);
    const auto second = accept(kBob);
    const auto batch = sealed_batch({kAnna, kBob});
    for (const auto state : way) step(batch, state);
    const auto was = batch_of(batch).state;
    EXPECT_FALSE(cancel(first).deserted);
    const auto last = cancel(second, kBob);
    EXPECT_EQ(last.was, RequestState::packed);
    EXPECT_EQ(last.deserted, batch) << to_text(was);
    reopen();
    EXPECT_EQ(batch_of(batch).state, was);
    EXPECT_EQ(batch_of(batch).packed, 0);
    // What the stages do with what is over finds nobody, and comes to an end.
    if (was == fenced || was == refused) {
      EXPECT_TRUE(must([&](Store& s) { return s.split(batch, SplitRule::halve_owners, now_); }).finished);
      EXPECT_EQ(batch_of(batch).state, done);
    }
    if (was == unsealed) {
      EXPECT_FALSE(must([&](Store& s) { return s.return_members(batch, now_); }).more);
      step(batch, done);
    }
    if (was == collecting) {
      EXPECT_FALSE(must([&](Store& s) {
                     return s.settle_absent(batch, {AbsentFate::requeue, true, {}}, 3, now_);
                   }).more);
      EXPECT_EQ(batch_of(batch).lines.missing, 0);
      step(batch, done);
    }
    expect_balance();
  }
}

TEST_P(Cancelling, ABatchThatNobodyWaitsForIsNotSealed) {
  for (const bool crashed : {false, true}) {
    const auto id = accept(kAnna);
    const auto batch = open_batch();
    claim(batch, kAnna);
    EXPECT_EQ(cancel(id).deserted, batch);
    reopen();
    if (crashed)
      must([&](Store& s) { return s.recover(now_); });
    else
      must([&](Store& s) { return s.seal(batch, now_); });
    EXPECT_EQ(batch_of(batch).state, unsealed);
    step(batch, done);
  }
  expect_balance();
}

TEST_P(Cancelling, ASplitMovesThoseWhoStillWait) {
  const auto ids = accept_many(kAnna, 4);
  const auto batch = sealed_batch({kAnna});
  walk(batch, {uploading, uploaded, creating, refused});
  cancel(ids[0]);
  EXPECT_TRUE(must([&](Store& s) { return s.split(batch, SplitRule::halve, now_); }).finished);
  const auto children = batches_in({sealed});
  ASSERT_EQ(children.size(), 2U);
  EXPECT_EQ(jsonl(children[0].id), "{\"n\":1}\n{\"n\":2}\n");
  EXPECT_EQ(jsonl(children[1].id), "{\"n\":3}\n");
  EXPECT_EQ(view(kAnna, ids[0]).batch, batch);
}

TEST_P(Cancelling, ASplitWhoseMembersGoInTheMiddleEnds) {
  for (const auto rule : {SplitRule::whole, SplitRule::halve_owners, SplitRule::halve, SplitRule::named_owners}) {
    const auto ids = accept_many(kAnna, 2100);
    const auto batch = sealed_batch({kAnna});
    walk(batch, {uploading, uploaded, creating, refused});
    EXPECT_FALSE(must([&](Store& s) { return s.split(batch, rule, now_); }).finished);
    cancel_all(ids);
    reopen();
    while (must([&](Store& s) { return s.recover(now_); })) {
    }
    EXPECT_TRUE(must([&](Store& s) { return s.split(batch, rule, now_); }).finished);
    EXPECT_EQ(batch_of(batch).state, done);
    EXPECT_TRUE(batches_in({sealed, sealing}).empty());
    for (const auto& child : batches_in({unsealed})) step(child.id, done);
    expect_balance();
  }
}

TEST_P(Cancelling, WhatWasCancelledIsPurgedOnceItsBatchIsDone) {
  const auto id = accept(kAnna);
  const auto batch = collecting_batch({kAnna});
  cancel(id);
  tick();
  const auto purge = [&] { return must([&](Store& s) { return s.purge({now_, now_, now_}, now_); }).requests; };
  EXPECT_EQ(purge(), 0);
  EXPECT_EQ(jsonl(batch), "{}\n");
  step(batch, done);
  tick();
  EXPECT_EQ(purge(), 1);
  expect_balance();
}

// --- deadlines

TEST_P(Cancelling, ADeadlineEndsWhatWaitsForIt) {
  const auto packed = due(1s);
  const auto finished = due(1s);
  const auto batch = collecting_batch({kAnna});
  const std::vector outcomes{success(finished)};
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  const auto queued = due(2s);
  const auto kept = due(1s, false);
  const auto later = due(10s);
  const auto expire = [&] { return must([&](Store& s) { return s.expire_due(now_); }); };

  auto none = expire();
  EXPECT_TRUE(none.recorded.finished.empty());
  EXPECT_EQ(none.next, now_ + 1s);
  tick(2s);
  reopen();
  const auto expired = expire();
  EXPECT_EQ(expired.recorded.finished, (std::vector{packed, queued}));
  EXPECT_EQ(expired.recorded.owners, (std::vector{kAnna, kAnna}));
  EXPECT_EQ(expired.recorded.ends[static_cast<std::size_t>(RequestState::expired)], 2);
  EXPECT_EQ(expired.next, now_ + 8s);
  reopen();
  for (const auto id : {packed, queued}) {
    const auto seen = view(kAnna, id);
    EXPECT_EQ(seen.state, RequestState::expired);
    EXPECT_EQ(seen.error->code, 4);
    EXPECT_EQ(seen.error->status, "DEADLINE_EXCEEDED");
    EXPECT_EQ(seen.error->message, "its deadline passed before a result came");
    EXPECT_GT(seen.completion, 1);
  }
  EXPECT_EQ(batch_of(batch).packed, 0);
  EXPECT_EQ(view(kAnna, finished).state, RequestState::succeeded);
  EXPECT_EQ(view(kAnna, kept).state, RequestState::queued);
  EXPECT_EQ(view(kAnna, later).state, RequestState::queued);
  cancel(later);
  EXPECT_FALSE(expire().next);
  expect_balance();
}

TEST_P(Cancelling, ManyDeadlinesGoInSteps) {
  CHECK(store_->begin_transaction().has_value());
  for (int i = 0; i < 1500; ++i) {
    auto fresh = request(kAnna, "{}");
    fresh.deadline = now_;
    fresh.fail_at_deadline = true;
    store_->begin_verb();
    CHECK(store_->accept(fresh, now_).has_value());
    store_->end_verb(true);
  }
  CHECK(store_->commit_transaction().has_value());
  const auto first = must([&](Store& s) { return s.expire_due(now_); });
  EXPECT_LT(first.recorded.finished.size(), 1500U);
  EXPECT_EQ(first.next, now_);  // call again at once
  const auto second = must([&](Store& s) { return s.expire_due(now_); });
  EXPECT_EQ(first.recorded.finished.size() + second.recorded.finished.size(), 1500U);
  EXPECT_FALSE(second.next);
  expect_balance();
}

// --- ends of every kind name their owners

TEST_P(Cancelling, EveryEndNamesItsOwner) {
  const auto anna = accept(kAnna);
  const auto bob = accept(kBob);
  const auto batch = collecting_batch({kAnna, kBob}, JobEnd::expired);
  const auto settled = must([&](Store& s) {
    return s.settle_absent(batch, {AbsentFate::requeue, false, {}}, 1, now_);
  });
  EXPECT_EQ(settled.finished, (std::vector{anna, bob}));
  EXPECT_EQ(settled.owners, (std::vector{kAnna, kBob}));
  EXPECT_EQ(settled.ends[static_cast<std::size_t>(RequestState::expired)], 2);
}

RUN_FOR_EVERY_STORE(Cancelling);

}  // namespace
}  // namespace batchd::storage::testing
