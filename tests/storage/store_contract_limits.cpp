// What intake refuses, and what it never refuses.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

constexpr auto kMiB = static_cast<std::int64_t>(kChunkBytesMax);

class Limits : public ContractStories {
 protected:
  void limit(const QueueLimits& limits) {
    must([&](Store& s) { return s.limit_queue(limits); });
  }
  // What an accept would say now; it leaves nothing behind.
  std::optional<Error> refusal(OwnerId owner, const std::string& body) {
    CHECK(store_->begin_transaction().has_value());
    store_->begin_verb();
    const auto accepted = store_->accept(request(owner, body), now_);
    if (store_->end_verb(false) == TransactionalStore::TransactionState::intact)
      CHECK(store_->commit_transaction().has_value());
    return accepted ? std::nullopt : std::optional(accepted.error());
  }
  BodyId spool(SpoolPurpose purpose, OwnerId owner = kAnna) {
    return must([&](Store& s) { return s.spool_begin(purpose, purpose == SpoolPurpose::request ? owner : OwnerId{}); });
  }
  Result<void> append(BodyId spooled) {
    return attempt([&](Store& s) { return s.spool_append(spooled, std::string(kChunkBytesMax, 'x')); });
  }
};

TEST_P(Limits, EachIsNamedAndTheShareIsItsOwnersOnly) {
  accept(kAnna, "1234");
  accept(kAnna, "1234");
  struct Case {
    QueueLimits limits;
    std::string anna, bob;  // words of the refusal; empty: accepted
  };
  const std::string machine = "queue of this machine";
  const std::string share = "your share";
  const std::vector<Case> cases{
      {{.requests = 2}, machine + " is full: 2 requests", machine},
      {{.bytes = 11}, machine + " is full: 11 bytes", machine},
      {{.owner_requests = 2}, share + " of the queue is full: 2 requests", ""},
      {{.owner_bytes = 11}, share + " of the queue is full: 11 bytes", ""},
      {{.requests = 3, .bytes = 12, .owner_requests = 3, .owner_bytes = 12}, "", ""},
  };
  for (const auto& [limits, anna, bob] : cases) {
    for (const bool reopened : {false, true}) {
      if (reopened) reopen();
      limit(limits);
      for (const auto& [owner, words] : {std::pair(kAnna, anna), std::pair(kBob, bob)}) {
        const auto refused = refusal(owner, "1234");
        ASSERT_EQ(refused.has_value(), !words.empty()) << anna;
        if (!refused) continue;
        EXPECT_EQ(refused->code, Errc::queue_full);
        EXPECT_NE(refused->detail.find(words), std::string::npos) << refused->detail;
      }
    }
  }
  reopen();  // they aren't kept
  EXPECT_FALSE(refusal(kAnna, "1234"));
}

TEST_P(Limits, WhatLeavesTheQueueMakesRoomAndWhatComesBackTakesIt) {
  const QueueLimits one{.requests = 1, .bytes = 4, .owner_requests = 1, .owner_bytes = 4};
  limit(one);
  const auto first = accept(kAnna, "1234");
  EXPECT_TRUE(refusal(kAnna, ""));
  const auto batch = sealed_batch({kAnna});
  reopen();
  limit(one);
  EXPECT_FALSE(refusal(kAnna, "1234"));
  const auto second = accept(kAnna, "1234");
  step(batch, BatchState::unsealed);
  must([&](Store& s) { return s.return_members(batch, now_); });  // whatever the limits say
  EXPECT_TRUE(refusal(kAnna, ""));
  must([&](Store& s) { return s.cancel(kAnna, first, now_); });
  EXPECT_TRUE(refusal(kAnna, ""));
  must([&](Store& s) { return s.cancel(kAnna, second, now_); });
  EXPECT_FALSE(refusal(kAnna, "1234"));
  expect_balance();
}

TEST_P(Limits, StagedBytesAreCountedOnce) {
  limit({.bytes = 2 * kMiB, .owner_bytes = kMiB});
  const auto kept = spool(SpoolPurpose::request);
  const auto dropped = spool(SpoolPurpose::request, kBob);
  const auto paid = spool(SpoolPurpose::result);
  EXPECT_TRUE(append(kept).has_value());
  EXPECT_TRUE(append(dropped).has_value());
  const OwnerId third{1003};
  EXPECT_EQ(append(spool(SpoolPurpose::request, third)).error().code, Errc::queue_full);
  EXPECT_EQ(refusal(third, "1")->code, Errc::queue_full);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(append(paid).has_value());  // never refused, never counted

  must([&](Store& s) { return s.spool_discard(dropped); });
  EXPECT_FALSE(refusal(kBob, "1"));
  auto large = request(kAnna, "");
  large.spooled = kept;
  must([&](Store& s) { return s.accept(large, now_); });
  EXPECT_TRUE(refusal(kAnna, "1"));  // her share is used up
  EXPECT_FALSE(refusal(kBob, "1"));  // the machine's isn't
  const auto next = spool(SpoolPurpose::request, third);
  EXPECT_TRUE(append(next).has_value());
  EXPECT_TRUE(refusal(kBob, "1"));

  reopen();  // nobody can adopt them any more
  while (must([&](Store& s) { return s.recover(now_); })) {
  }
  limit({.bytes = 2 * kMiB, .owner_bytes = kMiB});
  for (const auto owner : {kBob, third}) {
    EXPECT_FALSE(refusal(owner, std::string(kChunkBytesMax, 'x')));
    EXPECT_TRUE(refusal(owner, std::string(kChunkBytesMax + 1, 'x')));
  }
}

TEST_P(Limits, WhatIsStagedIsOfItsOwnersShare) {
  limit({.bytes = 8 * kMiB, .owner_bytes = 2 * kMiB});
  const auto kept = spool(SpoolPurpose::request);
  const auto dropped = spool(SpoolPurpose::request);
  EXPECT_TRUE(append(kept).has_value());
  EXPECT_TRUE(append(dropped).has_value());
  const auto refused = append(spool(SpoolPurpose::request));
  EXPECT_EQ(refused.error().code, Errc::queue_full);
  EXPECT_NE(refused.error().detail.find("your share"), std::string::npos) << refused.error().detail;
  EXPECT_TRUE(refusal(kAnna, "1"));
  EXPECT_FALSE(refusal(kBob, std::string(kChunkBytesMax, 'x')));
  EXPECT_TRUE(append(spool(SpoolPurpose::request, kBob)).has_value());

  reopen();  // the counts outlive it
  limit({.bytes = 8 * kMiB, .owner_bytes = 2 * kMiB});
  EXPECT_TRUE(refusal(kAnna, "1"));
  must([&](Store& s) { return s.spool_discard(dropped); });
  EXPECT_FALSE(refusal(kAnna, std::string(kChunkBytesMax, 'x')));
  auto large = request(kAnna, "");
  large.spooled = kept;
  const auto id = must([&](Store& s) { return s.accept(large, now_); }).id;
  EXPECT_FALSE(refusal(kAnna, std::string(kChunkBytesMax, 'x')));
  EXPECT_TRUE(refusal(kAnna, std::string(kChunkBytesMax + 1, 'x')));
  must([&](Store& s) { return s.cancel(kAnna, id, now_); });
  EXPECT_FALSE(refusal(kAnna, std::string(2 * kChunkBytesMax, 'x')));
}

TEST_P(Limits, AStageBeyondTheShareStaysItsCallers) {
  const auto large = spool(SpoolPurpose::request);
  EXPECT_TRUE(append(large).has_value());
  limit({.owner_bytes = kMiB - 1});
  auto spooled = request(kAnna, "");
  spooled.spooled = large;
  EXPECT_EQ(attempt([&](Store& s) { return s.accept(spooled, now_); }).error().code, Errc::queue_full);
  limit({});
  EXPECT_TRUE(attempt([&](Store& s) { return s.accept(spooled, now_); }).has_value());
}

TEST_P(Limits, WhatIsKnownIsAnsweredThough) {
  auto keyed = request(kAnna, "{}");
  keyed.idempotency_key = "k";
  keyed.fingerprint = "f";
  const auto id = must([&](Store& s) { return s.accept(keyed, now_); }).id;
  limit({.requests = 0, .bytes = 0, .owner_requests = 0, .owner_bytes = 0, .free_bytes_min = INT64_MAX});
  EXPECT_EQ(must([&](Store& s) { return s.accept(keyed, now_); }).id, id);
  keyed.idempotency_key = "other";
  EXPECT_TRUE(attempt([&](Store& s) { return s.accept(keyed, now_); }).has_error());
}

TEST_P(Limits, BelowTheDiskFloorOnlyIntakeStops) {
  const auto id = accept(kAnna);
  const auto begun = spool(SpoolPurpose::request);
  limit({.free_bytes_min = INT64_MAX});
  GroupLine line;
  line.number = 1;
  line.request = request(kAnna, "{}");
  const auto lines = [&](Store& s) { return s.accept_lines(kAnna, "g", std::span(&line, 1), now_); };
  EXPECT_EQ(refusal(kAnna, "")->code, Errc::disk_full);
  EXPECT_EQ(attempt(lines).error().code, Errc::disk_full);
  EXPECT_EQ(attempt([](Store& s) { return s.spool_begin(SpoolPurpose::request, kAnna); }).error().code,
            Errc::disk_full);
  EXPECT_EQ(append(begun).error().code, Errc::disk_full);
  EXPECT_EQ(attempt([](Store& s) { return s.probe(); }).error().code, Errc::disk_full);

  const auto batch = collecting_batch({kAnna});
  const auto result = spool(SpoolPurpose::result);
  EXPECT_TRUE(append(result).has_value());
  auto paid = success(id);
  paid.spooled = result;
  const std::vector outcomes{paid};
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  EXPECT_EQ(view(kAnna, id).state, RequestState::succeeded);

  limit({.free_bytes_min = 1});  // intake is back by itself
  EXPECT_FALSE(refusal(kAnna, ""));
  EXPECT_TRUE(attempt(lines).has_value());
  EXPECT_TRUE(attempt([](Store& s) { return s.probe(); }).has_value());
}

RUN_FOR_EVERY_STORE(Limits);

}  // namespace
}  // namespace batchd::storage::testing
