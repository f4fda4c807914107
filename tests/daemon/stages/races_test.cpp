// What happens between two steps of a stage: the guards around the one call that costs money.
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Races : public World {
 protected:
  // In one transaction. Returns the state that the batch was in.
  BatchState cancel_all_of(BatchId batch) {
    return ask([&](Store& store) -> Result<BatchState> {
      const auto found = store.get_batch(batch);
      if (!found) return found.error();
      for (const auto id : ids_)
        if (const auto cancelled = store.cancel(kAnna, id, wall()); !cancelled) return cancelled.error();
      return found->state;
    });
  }
  void key_is(const std::string& key) {
    use_key(key);
    key_ = key;
  }
  std::string key_ = "key-1";
};

// Whenever the last member is cancelled before the intent: nothing is created, however far the stage had come.
TEST_F(Races, NothingIsCreatedForNobody) {
  int before_the_intent = 0;
  for (int steps = 0;; ++steps) {
    start_over();
    const auto id = uploaded(2).id;
    std::optional<BatchState> found;
    const bool lasted = look(Which::submit, steps, [&] { found = cancel_all_of(id); });
    if (!lasted) break;
    pass(1h, {Which::submit, Which::settle});
    if (*found != BatchState::uploaded) continue;
    ++before_the_intent;
    EXPECT_EQ(gemini.count(Endpoint::create), 0U) << "cancelled after " << steps << " steps";
    EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::done));
    EXPECT_EQ(states(ids_), std::vector(2, RequestState::cancelled));
    EXPECT_TRUE(balanced());
  }
  EXPECT_GE(before_the_intent, 3);  // before the list, and after each of the two reads that come before the intent
}

// Whenever the key is changed: no call is made with another key than the one that its intent names. With a key of
// another project than the intent's, a listing that looks for the job would find nothing, and prove nothing.
TEST_F(Races, EachCreateIsMadeWithTheKeyOfItsIntent) {
  int turned_back = 0;
  for (int steps = 0;; ++steps) {
    start_over();
    key_is("key-1");
    const auto id = uploaded(2).id;
    gemini.always(Endpoint::create, [&](Call&, const std::function<HttpEvent()>& properly) {
      EXPECT_EQ(batch(id).credential, key_) << "changed after " << steps << " steps";
      return properly();
    });
    const bool lasted = look(Which::submit, steps, [&] { key_is("key-2"); });
    if (!lasted) break;
    if (gemini.count(Endpoint::create) == 0) {
      ++turned_back;
      EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::uploaded));
      EXPECT_EQ(batch(id).creates, 0);
    }
    pass(1h, {Which::submit});
    EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::submitted));
    EXPECT_EQ(gemini.count(Endpoint::create), 1U);
  }
  EXPECT_GE(turned_back, 1);
}

TEST_F(Races, AStopLetsTheCreateFinish) {
  const auto id = uploaded(3).id;
  hold_create();
  look(Which::submit);
  ASSERT_EQ(to_text(batch(id).state), to_text(BatchState::creating));
  stop(false);
  let_go();
  restart();
  EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::submitted)) << "the answer was thrown away";
  EXPECT_EQ(batch(id).job, gemini.only_job().name);
}

TEST_F(Races, AfterTheGraceTheCreateIsGivenUpAndUnclear) {
  const auto id = uploaded(3).id;
  hold_create();
  look(Which::submit);
  stop(false);
  stop(true);
  restart();
  EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::unclear));
  pass(1h, {Which::submit, Which::reconcile});
  EXPECT_EQ(batch(id).job, gemini.only_job().name);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
}

// Whenever the stop comes before the last look at it: nothing that costs money begins.
TEST_F(Races, NothingNewIsCreatedDuringAStop) {
  int not_begun = 0;
  for (int steps = 0;; ++steps) {
    start_over();
    const auto id = uploaded(2).id;
    BatchState found{};
    const bool lasted = look(Which::submit, steps, [&] {
      found = batch_at_once(id).state;  // an intent on its way to the disk is there before this is read
      stop(false);
    });
    if (!lasted) break;
    if (found != BatchState::uploaded) continue;
    ++not_begun;
    EXPECT_EQ(gemini.count(Endpoint::create), 0U) << "begun after " << steps << " steps";
  }
  EXPECT_GE(not_begun, 2);
}

// However slow the answer is, and however often reconcile looks: as long as the call is out, it isn't unclear.
TEST_F(Races, ACreateUnderWayIsNoneOfReconcilesBusiness) {
  const auto id = uploaded(3).id;
  hold_create();
  look(Which::submit);
  for (int i = 0; i < 3; ++i) {
    look(Which::reconcile);
    advance_clock(1h);
  }
  EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::creating));
  EXPECT_EQ(gemini.count(Endpoint::list), 0U);
  let_go();
  EXPECT_EQ(to_text(batch(id).state), to_text(BatchState::submitted));
  EXPECT_EQ(batch(id).job, gemini.only_job().name);
}

}  // namespace
}  // namespace batchd::daemon::testing
