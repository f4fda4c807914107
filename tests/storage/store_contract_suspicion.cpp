// Suspicious queues: who gets there, what is known of them, and how they leave.
#include <functional>

#include "tests/storage/suspicion_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum BatchState;

class Suspects : public SuspicionStories {};

TEST_P(Suspects, GoToAQueueOfTheirLanesOwn) {
  const auto ids = accept_many(kAnna, 3);
  const auto regular = only_lane();
  const auto batch = refused_batch({kAnna});
  tick(1min);
  const auto kept = accept(kAnna);
  EXPECT_EQ(suspect(batch), 3);
  reopen();
  const auto all = queues();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, regular);
  EXPECT_FALSE(all[0].suspicious);
  EXPECT_EQ(all[0].owners.at(0).items, 1);
  EXPECT_TRUE(all[1].suspicious);
  EXPECT_NE(all[1].id, regular);
  EXPECT_EQ(all[1].lane, kLane);
  const auto& annas = all[1].owners.at(0);
  EXPECT_EQ(annas.owner, kAnna);
  EXPECT_EQ(annas.items, 3);
  EXPECT_EQ(annas.tokens, 30);
  EXPECT_EQ(annas.oldest, kStart) << "they keep their places";
  EXPECT_EQ(annas.suspicion, first_suspicion(now_));
  EXPECT_EQ(view(kAnna, ids[0]).state, RequestState::queued);
  EXPECT_EQ(view(kAnna, ids[0]).attempts, 0);
  EXPECT_EQ(view(kAnna, ids[0]).lane, kLane);
  EXPECT_EQ(view(kAnna, kept).state, RequestState::queued);
  expect_balance();

  accept(kAnna);
  EXPECT_EQ(queues()[0].owners.at(0).items, 2) << "what comes now isn't suspicious";
  const auto packed = suspicious_batch(2);
  EXPECT_TRUE(batch_of(packed).suspicious);
  EXPECT_EQ(batch_of(packed).lane, kLane);
  EXPECT_EQ(view(kAnna, ids[1]).batch, packed);
  EXPECT_FALSE(batch_of(batch).suspicious);
}

TEST_P(Suspects, ComeBackToTheirQueueUntilTheyAreDone) {
  const auto ids = suspected(4);
  const auto since = now_;
  tick(1h);
  const auto batch = suspicious_batch(3);
  must([&](Store& s) { return s.set_suspicion(batch, kOther); });
  // Unsealed.
  step(batch, unsealed);
  must([&](Store& s) { return s.return_members(batch, now_); });
  step(batch, done);
  EXPECT_EQ(suspicious_queue().owners.at(0).items, 4);
  // Fenced off, and refused.
  const auto fenced_one = suspicious_batch(4);
  walk(fenced_one, {uploading, uploaded, creating, unclear, fencing, fenced});
  must([&](Store& s) { return s.split(fenced_one, SplitRule::whole, now_); });
  const auto child = batches_in({sealed}).at(0);
  EXPECT_TRUE(child.suspicious);
  EXPECT_EQ(suspicion(child.id), kOther) << "nothing is in the queue, but on the way from it";
  refuse(child.id);
  reopen();
  EXPECT_EQ(suspect(child.id), 4);
  const auto annas = suspicious_queue().owners.at(0);
  EXPECT_EQ(annas.items, 4);
  EXPECT_EQ(annas.suspicion, kOther);
  EXPECT_EQ(annas.oldest, since);
  EXPECT_EQ(view(kAnna, ids[0]).attempts, 0);
  expect_balance();
}

TEST_P(Suspects, OfWhichAJobWasMadeLeaveForGood) {
  const auto ids = suspected(4);
  const auto first = collecting(suspicious_batch(2));
  const std::vector outcomes{success(ids[0]), line_error(ids[1], ErrorClass::unavailable, true)};
  must([&](Store& s) { return s.record_outcomes(first, outcomes, 3, now_); });
  step(first, done);
  EXPECT_EQ(queues().at(0).owners.at(0).items, 1);
  EXPECT_FALSE(queues().at(0).suspicious);
  EXPECT_EQ(queues().at(1).owners.at(0).items, 2);
  const auto second = collecting(suspicious_batch(2));
  must([&](Store& s) { return s.settle_absent(second, {AbsentFate::requeue_free, false, {}}, 3, now_); });
  step(second, done);
  reopen();
  ASSERT_EQ(queues().size(), 1U);
  EXPECT_FALSE(queues().at(0).suspicious);
  EXPECT_EQ(queues().at(0).owners.at(0).items, 3);
  const auto packed = sealed_batch({kAnna});
  EXPECT_FALSE(batch_of(packed).suspicious);
  EXPECT_EQ(batch_of(packed).items, 3);
  expect_balance();
}

TEST_P(Suspects, OneStaysOnTheWayWhileItsBatchIs) {
  const auto ids = suspected(1);
  const auto batch = suspicious_batch(1);
  must([&](Store& s) { return s.set_suspicion(batch, kOther); });
  reopen();
  EXPECT_EQ(suspicion(batch), kOther);
  tick(10h);
  accept(kAnna);
  suspect(refused_batch({kAnna}));
  EXPECT_EQ(suspicious_queue().owners.at(0).suspicion, kOther) << "the owner was suspicious all the time";
}

TEST_P(Suspects, TheSuspicionEndsWithTheLastOfThem) {
  const std::vector<std::function<void(RequestId)>> ends{
      [this](RequestId id) { cancel(id); },
      [this](RequestId id) {
        suspicious_batch(1);
        cancel(id);
      },
      [this](RequestId id) {
        suspect(refuse(suspicious_batch(1)));
        cancel(id);
      },
      [this](RequestId) {
        tick(1h);
        must([&](Store& s) { return s.expire_due(now_); });
      },
      [this](RequestId id) {
        const std::vector outcomes{success(id)};
        const auto batch = collecting(suspicious_batch(1));
        must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
      },
      [this](RequestId id) {
        const std::vector outcomes{line_error(id, ErrorClass::internal, true)};
        const auto batch = collecting(suspicious_batch(1));
        must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
        cancel(id);
      },
      [this](RequestId) {
        const auto batch = refuse(suspicious_batch(1));
        const std::vector<LineRefusal> named{{1, said(ErrorClass::invalid)}};
        must([&](Store& s) { return s.fail_lines(batch, named, now_); });
      },
      [this](RequestId) {
        const auto batch = refuse(suspicious_batch(1));
        must([&](Store& s) { return s.fail_members(batch, said(ErrorClass::not_found), now_); });
      }};
  for (std::size_t i = 0; i < ends.size(); ++i) {
    SCOPED_TRACE(i);
    now_ = kStart;
    auto fresh = request(kAnna, "{}");
    fresh.deadline = now_ + 1h;
    fresh.fail_at_deadline = true;
    const auto id = must([&](Store& s) { return s.accept(fresh, now_); }).id;
    suspect(refused_batch({kAnna}));
    ends.at(i)(id);
    reopen();
    now_ = kStart + 1000h;
    const auto next = accept(kAnna);
    suspect(refused_batch({kAnna}));
    EXPECT_EQ(suspicious_queue().owners.at(0).suspicion, first_suspicion(now_)) << "it begins anew";
    expect_balance();
    cancel(next);
  }
}

TEST_P(Suspects, ManyGoInStepsAndStayOnTheWay) {
  accept_many(kAnna, 2500);
  const auto batch = refused_batch({kAnna});
  const auto first = must([&](Store& s) { return s.suspect_members(batch, now_); });
  EXPECT_TRUE(first.more);
  reopen();
  while (must([&](Store& s) { return s.recover(now_); })) {
  }
  EXPECT_EQ(batch_of(batch).refusal, RefusedFor::bound) << "so that next_step() says the same again";
  EXPECT_EQ(first.requeued + suspect(batch), 2500);
  EXPECT_EQ(suspicious_queue().owners.at(0).items, 2500);
  EXPECT_EQ(queues().size(), 1U);
  expect_balance();
}

using SuspectsDeathTest = Suspects;
TEST_P(SuspectsDeathTest, ABatchThatHasLostSomeIsNotSentAsItWas) {
  accept_many(kAnna, 1500);
  const auto batch = refused_batch({kAnna});
  must([&](Store& s) { return s.suspect_members(batch, now_); });
  EXPECT_DEATH(attempt([&](Store& s) { return s.mark(batch, refused, uploaded, {}, now_); }), "CHECK");
  EXPECT_DEATH(attempt([&](Store& s) { return s.mark(batch, refused, uploading, {}, now_); }), "CHECK");
}

TEST_P(Suspects, EachOwnerHasAQueue) {
  accept(kAnna);
  accept_many(kBob, 2);
  const auto batch = refused_batch({kAnna, kBob});
  suspect(batch);
  const auto packed = suspicious_batch(1);
  must([&](Store& s) { return s.set_suspicion(packed, kOther); });
  reopen();
  EXPECT_EQ(suspicion(packed), kOther);
  const auto queue = suspicious_queue();
  ASSERT_EQ(queue.owners.size(), 1U);
  EXPECT_EQ(queue.owners[0].owner, kBob);
  EXPECT_EQ(queue.owners[0].suspicion, first_suspicion(now_));
}

TEST_P(Suspects, AnOperatorBeginsAnew) {
  const Lane other{"default", "vectors", "e"};
  suspected(3);
  accept(kBob, "{}", 10, other);
  const auto queue_of_other = queues().at(1).id;
  const auto batch = must([&](Store& s) { return s.open_batch(queue_of_other, SealReason::age, now_); });
  claim(batch, kBob);
  must([&](Store& s) { return s.seal(batch, now_); });
  suspect(refuse(batch));
  const auto first = first_suspicion(now_);
  tick(100h);
  const auto renew = [&](const LaneSelector& lanes) {
    return must([&](Store& s) { return s.renew_suspicion(lanes, now_); });
  };
  const auto since = [&](const Lane& lane) {
    for (const auto& queue : queues())
      if (queue.lane == lane) return queue.owners.at(0).suspicion.since;
    return WallTime{};
  };
  EXPECT_EQ(renew({"", "", "nobody's"}), 0);
  EXPECT_EQ(since(kLane), first.since);
  EXPECT_EQ(renew({"", "answers", ""}), 3);
  reopen();
  EXPECT_EQ(since(kLane), now_);
  EXPECT_EQ(since(other), first.since);
  EXPECT_EQ(renew({}), 4);
  EXPECT_EQ(since(other), now_);
  EXPECT_EQ(queues().at(0).owners.at(0).suspicion.items, first.items);
}

TEST_P(Suspects, NothingIsKnownOfOtherBatches) {
  accept(kAnna);
  const auto regular = sealed_batch({kAnna});
  const auto code = [&](BatchId batch) { return attempt([&](Store& s) { return s.suspicion(batch); }).error().code; };
  EXPECT_EQ(code(regular), Errc::not_found);
  EXPECT_EQ(attempt([&](Store& s) { return s.set_suspicion(regular, kOther); }).error().code, Errc::not_found);
  EXPECT_EQ(code(BatchId{5}), Errc::not_found);
  EXPECT_EQ(attempt([&](Store& s) { return s.suspect_members(regular, now_); }).error().code, Errc::stale);
  const auto ids = suspected(1);
  const auto batch = suspicious_batch(1);
  cancel(ids[0]);
  EXPECT_EQ(code(batch), Errc::not_found) << "no member is left";
}

RUN_FOR_EVERY_STORE(Suspects);
RUN_FOR_EVERY_STORE(SuspectsDeathTest);

}  // namespace
}  // namespace batchd::storage::testing
