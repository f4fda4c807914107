// The stages' real loops, in real time. A wake-up that is lost costs polling.max and nothing else.
#include <array>

#include "core/state.h"
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

const std::vector<Which> kEverybody{Which::pack,   Which::submit,  Which::reconcile, Which::poll,      Which::collect,
                                    Which::settle, Which::cleanup, Which::sweep,     Which::deadlines, Which::purge};

class Loops : public World {
 protected:
  Loops() {
    config.packing.limits.max_age = 10ms;
    config.polling.first = 10ms;
    config.polling.max = 20ms;
    config.retry.first = 10ms;
    config.retry.max = 20ms;
    config.submission.quarantine = 30ms;
    config.submission.reconcile_first = 10ms;
    config.submission.reconcile_max = 20ms;
    config.submission.throttle_first = 10ms;
    config.submission.throttle_max = 20ms;
    config.submission.fence_pause = 10ms;
    config.submission.relist_pause = 10ms;
    config.retention.purge_every = 24h;
    gemini.always(Endpoint::poll, [this](Call&, const std::function<HttpEvent()>& properly) {
      gemini.finish_all();
      return properly();
    });
  }

  bool all_is_over() {
    const auto over = [](const Batch& batch) {
      return batch.state == BatchState::done && (batch.file_deleted || batch.upload_n == 0);
    };
    return std::ranges::all_of(batches(), over);
  }
  bool answered(const std::vector<RequestId>& ids) {
    return std::ranges::all_of(ids, [&](RequestId id) { return request(id).state == RequestState::succeeded; });
  }
  std::string where() {
    std::string text;
    for (const auto& batch : batches()) text += std::string(to_text(batch.state)) + ' ';
    for (const auto id : ids_) text += std::string(to_text(request(id).state)) + ' ';
    return text;
  }
  // One story that needs every stage: an unanswered create, its fence, the child's job, a deadline, the file's end.
  void expect_the_story_to_end(const std::vector<Which>& deaf) {
    survey_first = true;
    gemini.next(Endpoint::create, no_answer());
    live(deaf);
    ids_ = accept_many(3);
    const auto late = accept_due("{}", 1ms, true);
    ring_for_accepted();
    ASSERT_TRUE(eventually([&] { return answered(ids_); })) << where();
    ASSERT_TRUE(eventually([&] { return request(late).state == RequestState::expired; })) << where();
    ASSERT_TRUE(eventually([&] { return all_is_over(); })) << where();
    EXPECT_TRUE(balanced());
  }
};

class LostRings : public Loops, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(LostRings, CostALittleTime) { expect_the_story_to_end({kEverybody.at(GetParam())}); }
std::string stage_name(const ::testing::TestParamInfo<std::size_t>& instance) {
  static const std::array<const char*, kStages> names{"pack",   "submit",  "reconcile", "poll",      "collect",
                                                      "settle", "cleanup", "sweep",     "deadlines", "purge"};
  return names.at(instance.param);
}
INSTANTIATE_TEST_SUITE_P(OfOneStage, LostRings, ::testing::Range(std::size_t{0}, kStages), stage_name);

TEST_F(Loops, LostRingsOfAllStagesCostALittleTime) { expect_the_story_to_end(kEverybody); }

// A batch that comes into a state while the stage that owns it sleeps, and nobody wakes it.
class SilentlyIn : public Loops, public ::testing::WithParamInterface<BatchState> {
 protected:
  void mark_as(BatchState to) {
    const auto now = only_batch();
    ask([&](Store& store) { return store.mark(now.id, now.state, to, {}, wall()); });
  }
  void create_answers(FakeGemini::Reaction reaction) {
    uploaded(3);
    gemini.next(Endpoint::create, std::move(reaction));
    look(Which::submit);
  }
  void end_job() {
    submitted(3);
    look(Which::poll);
  }
  void bring_into(BatchState state) {
    switch (state) {
      case BatchState::sealing:
      case BatchState::held:
        return;  // nobody is rung for it
      case BatchState::sealed:
        packed(3);
        return;
      case BatchState::uploading:
        packed(3);
        look(Which::submit);
        return;
      case BatchState::uploaded:
        uploaded(3);
        return;
      case BatchState::creating:
        create_answers(says_error(429, "RESOURCE_EXHAUSTED", "quota"));
        return;
      case BatchState::unclear:
        create_answers(no_answer());
        return;
      case BatchState::fencing:
        create_answers(no_answer());
        mark_as(BatchState::fencing);
        return;
      case BatchState::fenced:
        create_answers(no_answer());
        mark_as(BatchState::fencing);
        mark_as(BatchState::fenced);
        return;
      case BatchState::submitted:
        submitted(3);
        return;
      case BatchState::lost:
        submitted(3);
        mark_as(BatchState::lost);
        return;
      case BatchState::refused:
        create_answers(says_error(400, "INVALID_ARGUMENT", "bad"));
        return;
      case BatchState::unsealed:
        packed(3);
        mark_as(BatchState::unsealed);
        return;
      case BatchState::ended:
        end_job();
        return;
      case BatchState::collecting:
        end_job();
        mark_as(BatchState::collecting);
        return;
      case BatchState::done:
        end_job();
        pass(1s, {Which::collect});
        return;
    }
  }
};

TEST_P(SilentlyIn, GoesOnAllTheSame) {
  bring_into(GetParam());
  ASSERT_EQ(to_text(only_batch().state), to_text(GetParam()));
  live(kEverybody);
  ASSERT_TRUE(eventually([&] { return answered(ids_); })) << where();
  ASSERT_TRUE(eventually([&] { return all_is_over(); })) << where();
  EXPECT_TRUE(balanced());
}
// All but those that wait for no stage's wakeup: the packer's own run, and a person.
std::vector<BatchState> rung_for() {
  std::vector<BatchState> states;
  for (std::size_t i = 0; i < kBatchStates; ++i) states.push_back(static_cast<BatchState>(i));
  std::erase(states, BatchState::sealing);
  std::erase(states, BatchState::held);
  return states;
}
INSTANTIATE_TEST_SUITE_P(EveryState, SilentlyIn, ::testing::ValuesIn(rung_for()),
                         [](const auto& instance) { return std::string(to_text(instance.param)); });

// What waits for room is rung for when there is room: here no stage looks by itself before the test is long over.
class Room : public Loops {
 protected:
  Room() {
    config.polling.max = 24h;
    config.packing.limits.items = 2;
    const auto unknown_model = says_error(404, "NOT_FOUND", "models/x is not found for API version v1beta");
    for (const auto where : {Endpoint::create, Endpoint::model}) gemini.always(where, unknown_model);
  }
  void expect_both_batches_to_end() {
    live({});
    ids_ = accept_many(4);
    ring_for_accepted();
    ASSERT_TRUE(eventually([&] {
      return std::ranges::all_of(states(ids_), [](RequestState state) { return state == RequestState::failed; });
    })) << where();
  }
};

TEST_F(Room, AJobSlotOfABatchThatWasRefused) {
  config.accounts.at("default").max_jobs = 1;
  gemini.always(Endpoint::remove, says(503, "busy"));  // so that no deleted file rings
  expect_both_batches_to_end();
}

TEST_F(Room, TheBytesOfAFileThatWasDeleted) {
  config.accounts.at("default").max_stored = 2 * 70;  // two lines of 56 bytes, and not a third
  for (int i = 0; i < 5; ++i) gemini.next(Endpoint::remove, says(503, "busy"));  // long after the batch was done
  expect_both_batches_to_end();
}

}  // namespace
}  // namespace batchd::daemon::testing
