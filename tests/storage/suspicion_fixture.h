// Stories of suspicious queues.
#pragma once

#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {

class SuspicionStories : public ContractStories {
 protected:
  static constexpr Suspicion kOther{.since = kStart + 5min, .next_at = kStart + 7min, .items = 3};

  BatchId refuse(BatchId batch) {
    walk(batch, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
    return batch;
  }
  BatchId refused_batch(std::vector<OwnerId> owners) { return refuse(sealed_batch(std::move(owners))); }
  void cancel(RequestId id) {
    must([&](Store& s) { return s.cancel(kAnna, id, now_); });
  }
  std::int64_t suspect(BatchId batch) {
    std::int64_t moved = 0;
    for (bool more = true; more;) {
      const auto recorded = must([&](Store& s) { return s.suspect_members(batch, now_); });
      EXPECT_TRUE(recorded.finished.empty());
      moved += recorded.requeued;
      more = recorded.more;
    }
    step(batch, BatchState::done);
    return moved;
  }
  // Makes so many requests of Anna's suspicious.
  std::vector<RequestId> suspected(int count) {
    auto ids = accept_many(kAnna, count);
    suspect(refused_batch({kAnna}));
    return ids;
  }
  std::vector<LaneQueue> queues() {
    return must([](Store& s) { return s.summarise_queue(); });
  }
  // Returns the only suspicious queue.
  LaneQueue suspicious_queue() {
    std::vector<LaneQueue> found;
    for (auto& queue : queues())
      if (queue.suspicious) found.push_back(queue);
    CHECK(found.size() == 1);
    return found.front();
  }
  // Makes a batch of Anna's oldest suspicious requests.
  BatchId suspicious_batch(std::int64_t items) {
    const auto queue = suspicious_queue();
    const auto batch = must([&](Store& s) { return s.open_batch(queue.id, SealReason::age, now_); });
    claim(batch, kAnna, {items, 1 << 30, 1 << 30});
    must([&](Store& s) { return s.seal(batch, now_); });
    return batch;
  }
  BatchId collecting(BatchId batch) {
    walk(batch, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::submitted,
                 BatchState::ended, BatchState::collecting});
    return batch;
  }
  Batch batch_of(BatchId id) {
    return must([&](Store& s) { return s.get_batch(id); });
  }
  Suspicion suspicion(BatchId batch) {
    return must([&](Store& s) { return s.suspicion(batch); });
  }
};

}  // namespace batchd::storage::testing
