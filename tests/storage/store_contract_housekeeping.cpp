// Retention, counts, probe.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum RequestState;

class Housekeeping : public StoreStories {
 protected:
  std::int64_t purge(WallTime results_before, WallTime idempotency_before) {
    std::int64_t total = 0;
    for (int calls = 0; calls < 1000; ++calls) {
      const auto purged = must([&](Store& s) {
        return s.purge({results_before, WallTime{}, idempotency_before}, now_);
      });
      total += purged.requests;
      if (!purged.more) return total;
    }
    ADD_FAILURE() << "purge doesn't come to an end";
    return total;
  }
};

TEST_F(Housekeeping, OldResultsGoWithTheirBodies) {
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

TEST_F(Housekeeping, MembersOfALiveBatchStayReadable) {
  const auto ids = accept_many(kAnna, 2);
  const auto batch = collecting_batch({kAnna});
  const std::vector outcomes{success(ids[0])};
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  tick(24h);
  EXPECT_EQ(purge(now_, kStart), 0);
  EXPECT_EQ(view(kAnna, ids[0]).state, succeeded);
}

TEST_F(Housekeeping, ALineageStaysWhileAChildLives) {
  const auto ids = accept_many(kAnna, 2);
  const auto parent = sealed_batch({kAnna});
  walk(parent, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
  must([&](Store& s) { return s.split(parent, SplitRule::halve, now_); });
  tick(24h);
  purge(now_, kStart);
  EXPECT_EQ(must([&](Store& s) { return s.get_batch(parent); }).creates, 1);
  for (const auto& child : batches_in({BatchState::sealed})) {
    walk(child.id, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
    must([&](Store& s) { return s.fail_members(child.id, {}, {3, "x", "y", ErrorSource::provider}, now_); });
    step(child.id, BatchState::done);
  }
  EXPECT_EQ(purge(now_ + 1ms, kStart), 2);
  EXPECT_TRUE(batches_in({BatchState::done}).empty());
}

TEST_F(Housekeeping, IdempotencyKeysOutliveTheirRequests) {
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

TEST_F(Housekeeping, IdsNeverComeBack) {
  now_ += 1h;
  const auto id = accept(kAnna);
  const auto batch = finish({kAnna}, {id});
  tick();
  purge(now_, kStart);
  reopen();
  now_ = kStart;
  EXPECT_GT(accept(kAnna).value(), batch.value());
}

TEST_F(Housekeeping, CountsShowStatesAndOldest) {
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
}

TEST_F(Housekeeping, ProbeWrites) {
  must([](Store& s) { return s.probe(); });
  must([](Store& s) { return s.probe(); });
}

}  // namespace
}  // namespace batchd::storage::testing
