// Random sequences of verbs, with restarts and rollbacks: nothing is lost and nothing is counted twice.
#include <rapidcheck.h>

#include <map>

#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

class Random : public StoreStories {
 protected:
  std::map<RequestId, OwnerId> accepted_;
  std::int64_t purged_ = 0;

  template <class Verb>
  void try_it(Verb verb) {
    (void)attempt(verb);
  }

  // Each action does what it can at the moment; a verb that doesn't fit is refused without a trace.
  void act(int action, int pick) {
    const auto owner = pick % 2 == 0 ? kAnna : kBob;
    const auto live = batches_in({BatchState::sealing, BatchState::sealed, BatchState::refused, BatchState::unsealed,
                                  BatchState::fenced, BatchState::collecting});
    const auto batch = live.empty() ? Batch{} : live[static_cast<std::size_t>(pick) % live.size()];
    switch (action) {
      case 0:
        accepted_[accept(owner, std::string(static_cast<std::size_t>(pick % 50), 'x'))] = owner;
        break;
      case 1:
        if (const auto queues = must([](Store& s) { return s.summarise_queue(); }); !queues.empty())
          must([&](Store& s) {
            return s.open_batch(queues[static_cast<std::size_t>(pick) % queues.size()].id, SealReason::age, now_);
          });
        break;
      case 2:
        if (!batch.parent)
          try_it([&](Store& s) { return s.claim(batch.id, owner, {pick % 5, 500, 500}, std::nullopt, now_); });
        break;
      case 3:
        if (!batch.parent) try_it([&](Store& s) { return s.seal(batch.id, now_); });
        break;
      case 4:
        if (batch.state == BatchState::sealed)
          walk(batch.id, {BatchState::uploading, BatchState::uploaded, BatchState::creating});
        if (batch.state == BatchState::sealed) {
          if (pick % 3 == 0) step(batch.id, BatchState::refused);
          if (pick % 3 == 1) walk(batch.id, {BatchState::unclear, BatchState::fencing, BatchState::fenced});
          if (pick % 3 == 2) walk(batch.id, {BatchState::submitted, BatchState::ended, BatchState::collecting});
        }
        break;
      case 5:
        if (batch.state == BatchState::sealed) step(batch.id, BatchState::unsealed);
        break;
      case 6: {
        std::vector<RequestOutcome> outcomes;
        for (const auto& [id, of] : accepted_)
          if ((id.value() + pick) % 3 == 0)
            outcomes.push_back(pick % 2 ? success(id) : line_error(id, ErrorClass::unavailable, true));
        try_it([&](Store& s) { return s.record_outcomes(batch.id, outcomes, 2, now_); });
        break;
      }
      case 7:
        try_it([&](Store& s) { return s.settle_absent(batch.id, {AbsentFate::requeue, false, {}}, 2, now_); });
        break;
      case 8:
        if (pick % 2 == 0) {
          const std::vector<LineRefusal> lines{{1 + pick % 3, said(ErrorClass::invalid)}};
          try_it([&](Store& s) { return s.fail_lines(batch.id, lines, now_); });
        } else {
          try_it([&](Store& s) { return s.fail_members(batch.id, said(ErrorClass::invalid), now_); });
        }
        break;
      case 9:
        try_it([&](Store& s) { return s.return_members(batch.id, now_); });
        break;
      case 10:
        try_it([&](Store& s) { return s.split(batch.id, static_cast<SplitRule>(pick % 4), now_); });
        break;
      case 11:
        purged_ += must([&](Store& s) { return s.purge({now_, now_, now_}, now_); }).requests;
        break;
      case 12:
        reopen();
        try_it([&](Store& s) { return s.recover(now_); });
        break;
      case 13: {  // a group that is rolled back
        RC_ASSERT(store_->begin_transaction().has_value());
        store_->begin_verb();
        (void)store_->accept(request(owner, "{}"), now_);
        store_->end_verb(false);
        break;
      }
      case 14: {
        auto fresh = request(owner, std::string(static_cast<std::size_t>(pick % 9), 'x'));
        fresh.deadline = now_ + Duration(pick % 40);
        fresh.fail_at_deadline = pick % 3 != 0;
        accepted_[must([&](Store& s) { return s.accept(fresh, now_); }).id] = owner;
        break;
      }
      case 15:
        must([&](Store& s) { return s.expire_due(now_); });
        break;
      case 16:
        if (!accepted_.empty()) {
          const auto& [id, of] = *std::next(accepted_.begin(), pick % static_cast<int>(accepted_.size()));
          try_it([&, id = id, of = of](Store& s) { return s.cancel(of, id, now_); });
        }
        break;
      case 17:
        try_it([&](Store& s) { return s.cancel_group(owner, "g", {}, now_); });
        break;
      case 18:
        send_lines(owner, pick);
        break;
      case 19:
        if (!batch.parent)
          try_it([&](Store& s) { return s.claim(batch.id, owner, {pick % 5, 500, 500}, now_ + 20ms, now_); });
        break;
      case 20:
        try_it([&](Store& s) { return s.suspect_members(batch.id, now_); });
        break;
      case 21: {
        const std::vector<std::int64_t> lines{1 + pick % 3, 5};
        try_it([&](Store& s) { return s.name_owners(batch.id, lines); });
        break;
      }
      case 22:
        if (batch.state == BatchState::refused) {
          step(batch.id, pick % 2 ? BatchState::uploaded : BatchState::uploading);
          if (pick % 2 == 0) step(batch.id, BatchState::uploaded);
          walk(batch.id, {BatchState::creating, BatchState::refused});
        }
        break;
      case 23:
        try_it([&](Store& s) { return s.set_suspicion(batch.id, {now_, now_, 1 + pick % 9}); });
        break;
      default:
        break;
    }
  }

  // Some lines of a file of ten; mostly known already.
  void send_lines(OwnerId owner, int pick) {
    std::vector<GroupLine> lines;
    for (int number = 1; number <= 10; ++number)
      if ((number + pick) % 3 == 0) lines.push_back({number, "digest", request({}, "{}")});
    for (const auto& answer : must([&](Store& s) { return s.accept_lines(owner, "g", lines, now_); }))
      if (answer.kind == LineAccepted::Kind::accepted) accepted_[answer.id] = owner;
  }

  // Whether the limits let one more in; it leaves nothing behind.
  bool fits(const QueueLimits& limits, OwnerId owner, const std::string& body) {
    must([&](Store& s) { return s.limit_queue(limits); });
    RC_ASSERT(store_->begin_transaction().has_value());
    store_->begin_verb();
    const bool fits = store_->accept(request(owner, body), now_).has_value();
    if (store_->end_verb(false) == TransactionalStore::TransactionState::intact)
      RC_ASSERT(store_->commit_transaction().has_value());
    must([](Store& s) { return s.limit_queue({}); });
    return fits;
  }

  // The limits are kept to by counters: they must say what the requests say.
  void check_limits(OwnerId owner) {
    std::int64_t items = 0;
    std::int64_t bytes = 0;
    std::int64_t owner_items = 0;
    std::int64_t owner_bytes = 0;
    for (const auto& [id, of] : accepted_) {
      const auto found = attempt([&, id = id, of = of](Store& s) { return s.find_request(of, id); });
      if (!found || found->state != RequestState::queued) continue;
      items += 1;
      bytes += found->body.bytes;
      if (of != owner) continue;
      owner_items += 1;
      owner_bytes += found->body.bytes;
    }
    RC_ASSERT(fits({items + 1, bytes + 1, owner_items + 1, owner_bytes + 1}, owner, "x"));
    RC_ASSERT(!fits({.requests = items}, owner, "x"));
    RC_ASSERT(!fits({.bytes = bytes}, owner, "x"));
    RC_ASSERT(!fits({.owner_requests = owner_items}, owner, "x"));
    RC_ASSERT(!fits({.owner_bytes = owner_bytes}, owner, "x"));
  }

  void check_batches() {
    std::map<BatchId, std::int64_t> packed;
    for (const auto& [id, of] : accepted_) {
      const auto found = attempt([&, id = id, of = of](Store& s) { return s.find_request(of, id); });
      if (found && found->state == RequestState::packed) ++packed[found->batch];
    }
    for (int state = 0; state < static_cast<int>(kBatchStates); ++state)
      for (const auto& batch : batches_in({static_cast<BatchState>(state)})) {
        RC_ASSERT(batch.packed == packed[batch.id]);
        packed.erase(batch.id);
      }
    RC_ASSERT(packed.empty());
  }

  // What is in a suspicious queue, or on the way from it, has an owner who is suspicious.
  void check_suspicions() {
    for (int state = 0; state < static_cast<int>(kBatchStates); ++state)
      for (const auto& batch : batches_in({static_cast<BatchState>(state)})) {
        const auto known = attempt([&](Store& s) { return s.suspicion(batch.id); });
        RC_ASSERT(known.has_value() == (batch.suspicious && batch.packed > 0));
      }
    for (const auto& queue : must([](Store& s) { return s.summarise_queue(); }))
      for (const auto& owner : queue.owners) RC_ASSERT(queue.suspicious == (owner.suspicion.items > 0));
  }

  void check() {
    const auto seen = counts();
    RC_ASSERT(seen.balanced());
    RC_ASSERT(seen.accepted == static_cast<std::int64_t>(accepted_.size()));
    RC_ASSERT(seen.purged == purged_);
    std::array<std::int64_t, kRequestStates> by_hand{};
    for (const auto& one : accepted_) {
      const auto found = attempt([&](Store& s) { return s.find_request(one.second, one.first); });
      if (found.has_value()) ++by_hand.at(static_cast<std::size_t>(found->state));
    }
    for (std::size_t i = 0; i < kRequestStates; ++i) RC_ASSERT(seen.requests[i].items == by_hand[i]);
    std::int64_t queued = 0;
    for (const auto& lane : must([](Store& s) { return s.summarise_queue(); }))
      for (const auto& owner : lane.owners) queued += owner.items;
    RC_ASSERT(queued == by_hand[0]);
    check_limits(kAnna);
    check_limits(kBob);
    check_batches();
    check_suspicions();
  }

 public:
  explicit Random(const StoreKind& kind) : StoreStories(kind.make()) {}
  void TestBody() override {}
  void tell(const std::vector<std::pair<int, int>>& actions) {
    for (const auto& [action, pick] : actions) {
      tick(1ms);
      act(action, pick);
    }
    check();
    reopen();
    check();
  }
};

class RandomStories : public ::testing::TestWithParam<StoreKind> {};

TEST_P(RandomStories, TheBalanceAlwaysCloses) {
  const bool held = rc::check([] {
    const auto action = rc::gen::weightedElement<int>(
        {{8, 0},  {3, 1},  {4, 2},  {3, 3},  {4, 4},  {1, 5},  {3, 6},  {2, 7},  {1, 8},  {2, 9},  {3, 10}, {1, 11},
         {1, 12}, {1, 13}, {3, 14}, {2, 15}, {3, 16}, {1, 17}, {2, 18}, {2, 19}, {3, 20}, {1, 21}, {1, 22}, {1, 23}});
    const auto actions =
        *rc::gen::container<std::vector<std::pair<int, int>>>(rc::gen::pair(action, rc::gen::inRange(0, 1000)));
    Random story(GetParam());
    story.tell(actions);
  });
  EXPECT_TRUE(held);
}

RUN_FOR_EVERY_STORE(RandomStories);

}  // namespace
}  // namespace batchd::storage::testing
