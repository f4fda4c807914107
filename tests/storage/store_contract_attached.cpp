// Attached calls made again without an id: which caller takes over which orphan.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

class Held : public ContractStories {
 protected:
  RequestId hold(OwnerId owner, const std::string& call) {
    auto held = request(owner, "{}");
    held.call = call;
    return must([&](Store& s) { return s.accept(held, now_); }).id;
  }
  std::optional<RequestId> adopt(OwnerId owner, const std::string& call) {
    return must([&](Store& s) { return s.adopt_orphan(owner, call, now_ - kGrace); });
  }
  void note_answer(RequestId request) {
    must([&](Store& s) { return s.note_answer(request, now_); });
  }
  // As if nothing but the grace mattered.
  void purge_answers() {
    while (must([&](Store& s) { return s.purge({kStart, kStart, kStart, now_ - kGrace}, now_); }).more) {
    }
  }
  static constexpr auto kGrace = 10min;
  void leave(RequestId request) {
    must([&](Store& s) { return s.orphan_call(request); });
  }
};

TEST_P(Held, ACallWhoseClientStillWaitsIsNobodyElses) {
  hold(kAnna, "call");
  EXPECT_FALSE(adopt(kAnna, "call"));
}

TEST_P(Held, AnOrphanGoesToTheSameCallOfTheSameOwnerOnce) {
  const auto id = hold(kAnna, "call");
  leave(id);
  EXPECT_FALSE(adopt(kBob, "call"));
  EXPECT_FALSE(adopt(kAnna, "another call"));
  EXPECT_EQ(adopt(kAnna, "call"), id);
  EXPECT_FALSE(adopt(kAnna, "call")) << "it has a caller again";
}

TEST_P(Held, TheOldestOrphanGoesFirst) {
  const auto first = hold(kAnna, "call");
  const auto second = hold(kAnna, "call");
  leave(second);
  leave(first);
  EXPECT_EQ(adopt(kAnna, "call"), first);
  EXPECT_EQ(adopt(kAnna, "call"), second);
}

TEST_P(Held, AnAnsweredCallIsOver) {
  const auto id = hold(kAnna, "call");
  must([&](Store& s) { return s.complete_call(id, now_); });
  leave(id);
  EXPECT_FALSE(adopt(kAnna, "call"));
}

TEST_P(Held, AHeldResultIsNoPartOfAnyChannel) {
  const auto held = hold(kAnna, "call");
  const auto plain = accept(kAnna);
  finish({kAnna}, {held, plain});
  leave(held);
  const auto listed = must([&](Store& s) { return s.list_results(kAnna, "", 0, 10); });
  ASSERT_EQ(listed.results.size(), 1U);
  EXPECT_EQ(listed.results[0].id, plain);
  EXPECT_FALSE(listed.more);
  EXPECT_EQ(must([&](Store& s) { return s.acknowledge(kAnna, "", INT64_MAX, now_); }).requests, 1);
  EXPECT_TRUE(view(kAnna, plain).acknowledged_at);
  EXPECT_FALSE(view(kAnna, held).acknowledged_at);
  // Until it is acknowledged it waits for its caller.
  tick(1h);
  while (must([&](Store& s) { return s.purge({kStart, now_, kStart}, now_); }).more) {
  }
  EXPECT_EQ(adopt(kAnna, "call"), held);
  EXPECT_EQ(view(kAnna, held).state, RequestState::succeeded);
}

TEST_P(Held, WhoNamesAHeldRequestMayAcknowledgeIt) {
  const auto held = hold(kAnna, "call");
  finish({kAnna}, {held});
  leave(held);
  const std::vector ids{held};
  const auto acknowledged = must([&](Store& s) { return s.acknowledge_ids(kAnna, ids, now_); });
  EXPECT_EQ(acknowledged.requests, 1);
  EXPECT_TRUE(acknowledged.unknown.empty());
  EXPECT_EQ(adopt(kAnna, "call"), held) << "as long as it is there";
}

TEST_P(Held, AnAnswerAcknowledges) {
  const auto ended = hold(kAnna, "call");
  finish({kAnna}, {ended});
  const auto waiting = hold(kAnna, "call");
  tick();
  must([&](Store& s) { return s.complete_call(ended, now_); });
  must([&](Store& s) { return s.complete_call(waiting, now_); });
  tick();
  must([&](Store& s) { return s.complete_call(ended, now_); });
  reopen();
  EXPECT_EQ(view(kAnna, ended).acknowledged_at, kStart + 1s);
  EXPECT_FALSE(view(kAnna, waiting).acknowledged_at) << "what hasn't ended can't be";
}

TEST_P(Held, AnAnswerThatWasWrittenIsNobodysUntilItIsKnownToBeLost) {
  const auto id = hold(kAnna, "call");
  finish({kAnna}, {id});
  note_answer(id);
  EXPECT_FALSE(adopt(kAnna, "call"));
  EXPECT_FALSE(view(kAnna, id).acknowledged_at);
  leave(id);
  EXPECT_EQ(adopt(kAnna, "call"), id);
  EXPECT_FALSE(adopt(kAnna, "call"));
}

TEST_P(Held, AnAnswerThatWasTakenIsAcknowledged) {
  const auto id = hold(kAnna, "call");
  finish({kAnna}, {id});
  note_answer(id);
  must([&](Store& s) { return s.complete_call(id, now_); });
  EXPECT_TRUE(view(kAnna, id).acknowledged_at);
  leave(id);
  EXPECT_FALSE(adopt(kAnna, "call"));
}

TEST_P(Held, AWrittenAnswerCanBeTakenOverWithinTheGraceOnly) {
  const auto id = hold(kAnna, "call");
  finish({kAnna}, {id});
  note_answer(id);
  leave(id);
  tick(kGrace);
  purge_answers();
  ASSERT_EQ(adopt(kAnna, "call"), id) << "just in time";
  leave(id);  // before its new client was answered: now it waits as any orphan does
  tick(kGrace + 1ms);
  EXPECT_EQ(adopt(kAnna, "call"), id);
  note_answer(id);
  leave(id);
  tick(kGrace + 1ms);
  EXPECT_FALSE(adopt(kAnna, "call"));
  EXPECT_FALSE(view(kAnna, id).acknowledged_at);
  purge_answers();
  EXPECT_EQ(view(kAnna, id).acknowledged_at, now_) << "it counts as delivered";
  EXPECT_EQ(view(kAnna, id).state, RequestState::succeeded);
}

TEST_P(Held, ThePurgeOfAnswersLooksAtNothingElse) {
  std::vector<RequestId> answered;
  for (int i = 0; i < 600; ++i) answered.push_back(hold(kAnna, "answered"));  // more than one call of the purge takes
  finish({kAnna}, answered);
  const auto waiting = hold(kAnna, "waiting");
  const auto orphan = hold(kAnna, "orphan");
  leave(orphan);
  for (const auto id : answered) note_answer(id);
  tick(kGrace + 1ms);
  purge_answers();
  for (const auto id : answered) ASSERT_TRUE(view(kAnna, id).acknowledged_at);
  EXPECT_FALSE(view(kAnna, orphan).acknowledged_at);
  EXPECT_EQ(adopt(kAnna, "orphan"), orphan);
  leave(waiting);
  EXPECT_EQ(adopt(kAnna, "waiting"), waiting);
}

TEST_P(Held, ACrashBetweenWritingAndKnowingLeavesTheGrace) {
  const auto early = hold(kAnna, "early"), late = hold(kAnna, "late");
  finish({kAnna}, {early, late});
  note_answer(early);
  tick(kGrace);
  note_answer(late);
  tick(1ms);
  reopen();
  must([&](Store& s) { return s.recover(now_); });
  EXPECT_FALSE(adopt(kAnna, "early"));
  EXPECT_EQ(adopt(kAnna, "late"), late);
}

TEST_P(Held, AnAnswerToACallThatMayBeRepeatedAcknowledgesNothing) {
  auto keyed = request(kAnna, "{}");
  keyed.idempotency_key = "key";
  keyed.fingerprint = "fingerprint";
  const auto id = must([&](Store& s) { return s.accept(keyed, now_); }).id;
  finish({kAnna}, {id});
  must([&](Store& s) { return s.complete_call(id, now_); });
  EXPECT_FALSE(view(kAnna, id).acknowledged_at);
}

TEST_P(Held, ACallThatMayBeRepeatedIsInNoChannelEither) {
  auto keyed = request(kAnna, "{}");
  keyed.idempotency_key = "key";
  keyed.fingerprint = "fingerprint";
  keyed.keyed_call = true;
  const auto id = must([&](Store& s) { return s.accept(keyed, now_); }).id;
  const auto plain = accept(kAnna);
  finish({kAnna}, {id, plain});
  must([&](Store& s) { return s.complete_call(id, now_); });
  const auto listed = must([&](Store& s) { return s.list_results(kAnna, "", 0, 10); });
  ASSERT_EQ(listed.results.size(), 1U);
  EXPECT_EQ(listed.results[0].id, plain);
  EXPECT_EQ(must([&](Store& s) { return s.acknowledge(kAnna, "", INT64_MAX, now_); }).requests, 1);
  EXPECT_FALSE(view(kAnna, id).acknowledged_at) << "its caller may ask again";
  EXPECT_TRUE(must([&](Store& s) { return s.accept(keyed, now_); }).replayed);
  const std::vector ids{id};
  EXPECT_EQ(must([&](Store& s) { return s.acknowledge_ids(kAnna, ids, now_); }).requests, 1);
}

TEST_P(Held, AnAbandonedCallIsOfferedToNobodyAndStaysUnacknowledged) {
  const auto id = hold(kAnna, "call");
  finish({kAnna}, {id});
  leave(id);
  EXPECT_EQ(adopt(kAnna, "call"), id);
  must([&](Store& s) { return s.abandon_call(id); });
  leave(id);
  reopen();
  must([&](Store& s) { return s.recover(now_); });
  EXPECT_FALSE(adopt(kAnna, "call"));
  EXPECT_FALSE(view(kAnna, id).acknowledged_at);
  EXPECT_TRUE(must([&](Store& s) { return s.list_results(kAnna, "", 0, 10); }).results.empty());
}

TEST_P(Held, WhatWasCancelledIsNobodysAnswer) {
  const auto alone = hold(kAnna, "call");
  auto member = request(kAnna, "{}");
  member.call = "call";
  const std::vector lines{GroupLine{1, "digest", member}};
  must([&](Store& s) { return s.accept_lines(kAnna, "group", lines, now_); });
  const auto waited_for = hold(kAnna, "call");
  reopen();
  must([&](Store& s) { return s.recover(now_); });
  must([&](Store& s) { return s.cancel(kAnna, alone, now_); });
  must([&](Store& s) { return s.cancel_group(kAnna, "group", {}, now_); });
  EXPECT_EQ(adopt(kAnna, "call"), waited_for);
  must([&](Store& s) { return s.cancel(kAnna, waited_for, now_); });
  leave(waited_for);  // its client goes away just then
  EXPECT_FALSE(adopt(kAnna, "call"));
}

TEST_P(Held, AfterACrashEveryHeldCallIsAnOrphan) {
  const auto id = hold(kAnna, "call");
  const auto answered = hold(kAnna, "call");
  must([&](Store& s) { return s.complete_call(answered, now_); });
  reopen();
  must([&](Store& s) { return s.recover(now_); });
  EXPECT_EQ(adopt(kAnna, "call"), id);
  EXPECT_FALSE(adopt(kAnna, "call"));
}

RUN_FOR_EVERY_STORE(Held);

}  // namespace
}  // namespace batchd::storage::testing
