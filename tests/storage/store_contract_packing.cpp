// Queue summary, claims, sealing, budget, and reading the lines of a batch.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

class Packing : public ContractStories {};

TEST_P(Packing, SummaryAddsUpPerLaneAndOwner) {
  accept(kAnna, "12345", 7);
  tick();
  accept(kAnna, "123", 2);
  accept(kBob, "1", 1);
  accept(kBob, "1", 1, {"default", "vectors", "e"});
  reopen();
  const auto queues = must([](Store& s) { return s.summarise_queue(); });
  ASSERT_EQ(queues.size(), 2U);
  ASSERT_EQ(queues[0].owners.size(), 2U);
  const auto& anna = queues[0].owners[0];
  EXPECT_EQ(anna.owner, kAnna);
  EXPECT_EQ(anna.items, 2);
  EXPECT_EQ(anna.bytes, 8);
  EXPECT_EQ(anna.tokens, 9);
  EXPECT_EQ(anna.oldest, kStart);
  EXPECT_EQ(queues[1].lane.endpoint, "vectors");
}

TEST_P(Packing, ClaimTakesTheOldestWhileTheyFit) {
  const auto first = accept(kAnna, "aaaa", 10);
  const auto second = accept(kAnna, "bbbb", 10);
  const auto third = accept(kAnna, "cc", 10);
  struct Case {
    ClaimLimit limit;
    std::int64_t items;
  };
  for (const auto& [limit, items] : {Case{{1, 100, 100}, 1}, Case{{9, 8, 100}, 2}, Case{{9, 100, 29}, 2},
                                     Case{{9, 10, 30}, 3}, Case{{9, 1, 1}, 1}}) {
    const auto batch = open_batch();
    const auto taken = claim(batch, kAnna, limit);
    EXPECT_EQ(taken.items, items);
    EXPECT_FALSE(taken.more);
    EXPECT_EQ(view(kAnna, first).state, RequestState::packed);
    EXPECT_EQ(view(kAnna, second).state, items > 1 ? RequestState::packed : RequestState::queued);
    EXPECT_EQ(view(kAnna, third).state, items > 2 ? RequestState::packed : RequestState::queued);
    expect_balance();
    must([&](Store& s) { return s.seal(batch, now_); });
    step(batch, BatchState::unsealed);
    must([&](Store& s) { return s.return_members(batch, now_); });
    step(batch, BatchState::done);
  }
}

TEST_P(Packing, OnlyTheFirstMemberMayBeTooLarge) {
  accept(kAnna, "aaaa", 10);
  accept(kBob, "bbbb", 10);
  const auto batch = open_batch();
  EXPECT_EQ(claim(batch, kAnna, {0, 0, 0}).items, 1);
  EXPECT_EQ(claim(batch, kBob, {0, 0, 0}).items, 0);
}

TEST_P(Packing, LargeClaimsContinue) {
  accept_many(kAnna, 2500);
  const auto batch = open_batch();
  std::int64_t taken = 0;
  int calls = 0;
  for (bool more = true; more; ++calls) {
    const auto step_taken = claim(batch, kAnna, {2400 - taken, 1 << 30, 1 << 30});
    taken += step_taken.items;
    more = step_taken.more;
  }
  EXPECT_EQ(taken, 2400);
  EXPECT_GT(calls, 1);
  EXPECT_EQ(must([&](Store& s) { return s.seal(batch, now_); }).items, 2400);
  EXPECT_EQ(must([](Store& s) { return s.summarise_queue(); }).front().owners.front().items, 100);
}

TEST_P(Packing, AnEmptyBatchIsUnsealed) {
  accept(kAnna);
  const auto batch = open_batch();
  EXPECT_EQ(must([&](Store& s) { return s.seal(batch, now_); }).state, BatchState::unsealed);
  EXPECT_EQ(attempt([&](Store& s) { return s.seal(batch, now_); }).error().code, Errc::stale);
  EXPECT_EQ(attempt([&](Store& s) {
              return s.claim(batch, kAnna, {1, 1, 1}, std::nullopt, now_);
            })
                .error()
                .code,
            Errc::stale);
}

TEST_P(Packing, BudgetCountsSlotsAndFiles) {
  const auto use = [&] { return must([&](Store& s) { return s.budget_use("default", now_, 48h, 76); }); };
  accept(kAnna, std::string(1000, 'x'));
  const auto batch = open_batch();
  EXPECT_EQ(use().jobs, 1);
  EXPECT_EQ(use().stored_bytes, 0);
  claim(batch, kAnna);
  must([&](Store& s) { return s.seal(batch, now_); });
  EXPECT_GE(use().stored_bytes, 1000);
  BatchPatch patch;
  patch.upload_n = 1;
  step(batch, BatchState::uploading, patch);
  patch = {};
  patch.uploaded_at = now_;
  step(batch, BatchState::uploaded, patch);
  EXPECT_GE(use().stored_bytes, 1000);
  EXPECT_LT(use().stored_bytes, 1200);
  walk(batch, {BatchState::creating, BatchState::submitted});
  EXPECT_EQ(use().jobs, 1);
  patch = {};
  patch.ended_at = now_;
  patch.result_bytes = 5000;
  step(batch, BatchState::ended, patch);
  EXPECT_EQ(use().jobs, 0);
  EXPECT_GE(use().stored_bytes, 6000);
  patch = {};
  patch.file_deleted = true;
  must([&](Store& s) { return s.note(batch, patch); });
  EXPECT_EQ(use().stored_bytes, 5000);
  EXPECT_EQ(must([&](Store& s) { return s.budget_use("other", now_, 48h, 76); }).stored_bytes, 0);
  tick(49h);
  EXPECT_EQ(use().stored_bytes, 0);
}

TEST_P(Packing, AHeldBatchIsASlotWhileSomebodyWaits) {
  const auto jobs = [&] { return must([&](Store& s) { return s.budget_use("default", now_, 48h, 76); }).jobs; };
  const auto id = accept(kAnna);
  const auto batch = submitted_batch({kAnna});
  walk(batch, {BatchState::lost, BatchState::held});
  EXPECT_EQ(jobs(), 1);
  must([&](Store& s) { return s.cancel(kAnna, id, now_); });
  reopen();
  EXPECT_EQ(must([&](Store& s) { return s.get_batch(batch); }).state, BatchState::held);
  EXPECT_EQ(jobs(), 0);
}

TEST_P(Packing, LinesComeInIdOrderAndInPieces) {
  std::string expected;
  for (int i = 0; i < 5; ++i) {
    const std::string body(static_cast<std::size_t>(400'000 + i), static_cast<char>('a' + i));
    accept(i % 2 == 0 ? kAnna : kBob, body);
    expected += body + "\n";
  }
  const auto batch = sealed_batch({kBob, kAnna});
  EXPECT_EQ(jsonl(batch), expected);
  const auto first = must([&](Store& s) { return s.read_lines(batch, {}); });
  EXPECT_TRUE(first.next.has_value());
  EXPECT_LT(first.pieces.size(), 5U);
}

TEST_P(Packing, SeekFindsTheLineOfEveryByte) {
  accept(kAnna, "aaa");                     // 0-4 with a frame of 2
  const auto second = accept(kAnna, "bb");  // 5-8
  accept(kAnna, "c");                       // 9-11
  const auto batch = sealed_batch({kAnna});
  struct Case {
    std::int64_t byte, line_offset;
    std::size_t lines_left;
  };
  for (const auto& [byte, line_offset, lines_left] :
       {Case{0, 0, 3}, Case{4, 0, 3}, Case{5, 5, 2}, Case{8, 5, 2}, Case{11, 9, 1}, Case{12, 12, 0}}) {
    const auto seek = must([&, offset = byte](Store& s) { return s.seek_line(batch, offset, 2, {}); });
    EXPECT_TRUE(seek.found);
    EXPECT_EQ(seek.line_offset, line_offset);
    const auto rest = must([&](Store& s) { return s.read_lines(batch, seek.cursor); });
    EXPECT_EQ(rest.pieces.size(), lines_left);
    if (lines_left == 2) {
      EXPECT_EQ(rest.pieces.front().request, second);
    }
  }
  EXPECT_EQ(attempt([&](Store& s) { return s.seek_line(batch, 13, 2, {}); }).error().code, Errc::invalid);
}

TEST_P(Packing, LongSeeksContinue) {
  accept_many(kAnna, 4100);
  const auto batch = sealed_batch({kAnna});
  const auto total = must([&](Store& s) { return s.get_batch(batch); }).body_bytes + 4100;
  LineSeek seek;
  int calls = 0;
  for (; !seek.found; ++calls) seek = must([&](Store& s) { return s.seek_line(batch, total - 1, 1, seek); });
  EXPECT_GT(calls, 1);
  EXPECT_EQ(must([&](Store& s) { return s.read_lines(batch, seek.cursor); }).pieces.front().bytes, "{\"n\":4099}");
}

RUN_FOR_EVERY_STORE(Packing);

}  // namespace
}  // namespace batchd::storage::testing
