// Intake and delivery of bodies.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

class Intake : public ContractStories {};

TEST_P(Intake, AcceptedRequestIsThereAfterReopening) {
  const auto id = accept(kAnna, R"({"contents":1})");
  reopen();
  const auto seen = view(kAnna, id);
  EXPECT_EQ(seen.state, RequestState::queued);
  EXPECT_EQ(seen.lane, kLane);
  EXPECT_EQ(seen.created_at, kStart);
  EXPECT_FALSE(seen.batch);
  EXPECT_FALSE(seen.finished_at);
  EXPECT_EQ(counts().accepted, 1);
  expect_balance();
}

TEST_P(Intake, ARequestIsItsOwnersOnly) {
  const auto id = accept(kAnna);
  const auto other = attempt([&](Store& s) { return s.find_request(kBob, id); });
  ASSERT_TRUE(other.has_error());
  EXPECT_EQ(other.error().code, Errc::not_found);
}

TEST_P(Intake, IdsGoOnAfterReopeningEvenIfTheClockWentBack) {
  const auto first = accept(kAnna);
  reopen();
  now_ -= 1h;
  EXPECT_GT(accept(kAnna), first);
}

TEST_P(Intake, IdempotencyKeyReplaysOrConflicts) {
  auto keyed = request(kAnna, "{}");
  keyed.idempotency_key = "k1";
  keyed.fingerprint = std::string("\0f1", 3);
  const auto first = must([&](Store& s) { return s.accept(keyed, now_); });
  EXPECT_FALSE(first.replayed);
  reopen();
  tick();
  const auto again = must([&](Store& s) { return s.accept(keyed, now_); });
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.created_at, kStart);

  auto other = keyed;
  other.fingerprint = std::string("\0f2", 3);
  const auto conflict = attempt([&](Store& s) { return s.accept(other, now_); });
  ASSERT_TRUE(conflict.has_error());
  EXPECT_EQ(conflict.error().code, Errc::conflict);

  const auto find = [&](OwnerId owner, const std::string& key, const std::string& fingerprint) {
    return attempt([&](Store& s) { return s.find_accepted(owner, key, fingerprint); });
  };
  const auto found = find(kAnna, "k1", keyed.fingerprint);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, first.id);
  EXPECT_TRUE((*found)->replayed);
  EXPECT_EQ((*found)->created_at, kStart);
  EXPECT_EQ(find(kAnna, "k1", other.fingerprint).error().code, Errc::conflict);
  for (const auto& unknown : {find(kAnna, "k2", keyed.fingerprint), find(kBob, "k1", keyed.fingerprint)})
    EXPECT_TRUE(unknown && !*unknown);

  other.owner = kBob;  // keys are per owner
  EXPECT_FALSE(must([&](Store& s) { return s.accept(other, now_); }).replayed);
  EXPECT_EQ(counts().accepted, 2);
}

TEST_P(Intake, StagedBodyComesBackByteForByte) {
  std::string body(3 * kChunkBytesMax - 17, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i % 26);
  const auto spooled = must([](Store& s) { return s.spool_begin(core::SpoolPurpose::request, kAnna); });
  for (std::size_t at = 0; at < body.size(); at += kChunkBytesMax)
    must([&](Store& s) { return s.spool_append(spooled, std::string_view(body).substr(at, kChunkBytesMax)); });
  auto large = request(kAnna, "");
  large.spooled = spooled;
  must([&](Store& s) { return s.accept(large, now_); });
  const auto batch = sealed_batch({kAnna});
  EXPECT_EQ(jsonl(batch), body + "\n");
  EXPECT_EQ(must([&](Store& s) { return s.get_batch(batch); }).body_bytes, static_cast<std::int64_t>(body.size()));
}

TEST_P(Intake, AStageIsAdoptedOnce) {
  const auto spooled = must([](Store& s) { return s.spool_begin(core::SpoolPurpose::request, kAnna); });
  must([&](Store& s) { return s.spool_append(spooled, "{}"); });
  auto large = request(kAnna, "");
  large.spooled = spooled;
  must([&](Store& s) { return s.accept(large, now_); });
  EXPECT_EQ(attempt([&](Store& s) { return s.accept(large, now_); }).error().code, Errc::not_found);
}

TEST_P(Intake, DiscardedAndUnadoptedStagesAreGone) {
  const auto kept = accept(kAnna, "{}");
  const auto dropped = must([](Store& s) { return s.spool_begin(core::SpoolPurpose::request, kAnna); });
  must([&](Store& s) { return s.spool_append(dropped, "abc"); });
  must([&](Store& s) { return s.spool_discard(dropped); });
  EXPECT_EQ(attempt([&](Store& s) { return s.read_chunk(dropped, 0); }).error().code, Errc::not_found);

  const auto forgotten = must([](Store& s) { return s.spool_begin(core::SpoolPurpose::request, kAnna); });
  must([&](Store& s) { return s.spool_append(forgotten, std::string(kChunkBytesMax, 'x')); });
  reopen();
  while (must([&](Store& s) { return s.recover(now_); })) {
  }
  while (must([&](Store& s) { return s.purge({kStart, kStart}, now_); }).more) {
  }
  EXPECT_EQ(attempt([&](Store& s) { return s.read_chunk(forgotten, 0); }).error().code, Errc::not_found);
  EXPECT_EQ(view(kAnna, kept).state, RequestState::queued);
}

TEST_P(Intake, ADroppedBodyTakesNoLaterOneWithIt) {
  must([](Store& s) { return s.spool_begin(core::SpoolPurpose::request, kAnna); });
  reopen();
  while (must([&](Store& s) { return s.recover(now_); })) {
  }
  reopen();  // of the spooled body, nothing is left but the note that its chunks are to be dropped
  const auto id = accept(kAnna, "{}");
  while (must([&](Store& s) { return s.purge({kStart, kStart, kStart}, now_); }).more) {
  }
  const auto body = view(kAnna, id).body.id;
  EXPECT_EQ(must([&](Store& s) { return s.read_chunk(body, 0); }), "{}");
}

TEST_P(Intake, AVerbThatFailsLeavesNothing) {
  ASSERT_TRUE(store_->begin_transaction().has_value());
  store_->begin_verb();
  ASSERT_TRUE(store_->accept(request(kAnna, "{}", 1, {"x", "y", "z"}), now_).has_value());
  EXPECT_EQ(store_->end_verb(false), TransactionalStore::TransactionState::lost);
  EXPECT_EQ(counts().accepted, 0);
  expect_balance();
  accept(kAnna);  // the lane that was rolled back isn't remembered
  EXPECT_EQ(must([](Store& s) { return s.summarise_queue(); }).front().lane, kLane);
}

TEST_P(Intake, InstallationIdStays) {
  const auto id = store_->installation().id;
  EXPECT_EQ(id.size(), 8U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz"), std::string::npos);
  reopen();
  EXPECT_EQ(store_->installation().id, id);
}

RUN_FOR_EVERY_STORE(Intake);

}  // namespace
}  // namespace batchd::storage::testing
