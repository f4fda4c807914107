// What all stages of the pipeline have in common (stages.h has the stages).
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/engine/engine.h"

namespace batchd::daemon {

class Stage {
 public:
  virtual ~Stage() = default;
  // Looks at the work once. Returns when the stage has to look again, or nullopt if nothing it has seen needs that.
  virtual Task<std::optional<core::SteadyTime>> once() = 0;
  // Returns true if other stages wake this one when there is work. Such a stage also looks every polling.max, since a
  // wake-up may be lost. A stage that works by the clock alone keeps to its own times.
  virtual bool is_woken() const { return true; }
};

// Looks, then waits for the wakeup or the next look's time, until the engine stops. `wakeup` has no other waiter.
Task<void> run_stage(Engine& engine, Stage& stage, Wakeup& wakeup);

// Records account trouble as pause_account() does; the pause is at least as long as the provider asks for.
void pause_account_as_asked(Account& account, const core::Fault& fault, const Engine& engine);

// What a stage remembers of a batch between two steps in the same state. It is kept in memory only and reset when the
// batch changes its state; a stage that loses it starts the state's work anew, which is slower and just as safe.
struct Progress {
  int tries = 0;                          // failures in a row, or looks so far; the pause grows with it
  int phase = 0;                          // where the stage is in its own sequence of steps in this state
  std::size_t done = 0;                   // how many of the phase's things are done: a fault doesn't begin them anew
  std::string scratch;                    // a text that the stage needs for that sequence
  std::optional<core::SteadyTime> since;  // when a condition that must last began, or was last seen
  core::Duration lasted{};                // how long the condition has lasted, without interruptions
};

// A stage that works on each of its batches separately: every batch has its own timer and its own coroutine, so that
// trouble with one batch affects no other. At most `*parallel` batches are worked on at the same time; `*parallel` is
// read again at each look, and must outlive the stage.
class BatchStage : public Stage {
 public:
  BatchStage(Engine& engine, Wakeup& wakeup, std::vector<core::BatchState> states, const std::int64_t* parallel)
      : engine_(engine), wakeup_(wakeup), states_(std::move(states)), parallel_(parallel) {}
  Task<std::optional<core::SteadyTime>> once() final;

 protected:
  // Takes one step for one batch. Returns the pause before the batch's next step; zero if the batch moved to another
  // state, or if the next step is to follow at once.
  virtual Task<core::Duration> advance(core::Batch batch, Progress& progress) = 0;
  // Returns false for a batch that is in one of the stage's states but not the stage's to work on now.
  virtual bool mine(const core::Batch&) const { return true; }
  // Returns true if the batch must not wait for its timer. The timer is cut short once for each state the batch enters.
  virtual bool urgent(const core::Batch&) const { return false; }

  // Returns the account of a batch; null if there is none (any more) that can do something for it.
  Account* account_of(const core::Batch& batch) { return engine_.accounts.find_for(batch.lane); }
  core::Backoff retry_backoff() const { return {engine_.config.retry.first, engine_.config.retry.max}; }
  // Returns the pause after a fault that proves nothing about the batch; it grows with each such fault in a row, and is
  // at least as long as the provider asks for. Counts the fault, and pauses the whole account if the fault is about the
  // account.
  core::Duration pause_after(const core::Fault& fault, Account& account, Progress& progress);
  // Called for a batch that nobody waits for any more: if the account is thought to refuse creates, it may have been
  // this batch, so the next call that works shows that the account is well.
  void forget_trouble_of(const core::Batch& batch);
  // Returns the pause after an attempt to change a batch's state: zero if the batch has `moved`, else a short one
  // before the next attempt.
  core::Duration pause_unless(bool moved) const { return moved ? core::Duration::zero() : engine_.config.retry.first; }
  core::SteadyTime now() const { return engine_.clock.steady(); }

  Engine& engine_;

 private:
  struct Timer {
    core::BatchState state{};     // the state that `progress` is about
    core::SteadyTime due{};       // when the batch's next step may begin
    bool busy = false;            // a step is under way
    bool hurried = false;         // the timer has been cut short in this state
    bool account_paused = false;  // the account was paused when `due` was set; the end of that pause cuts it short
    Progress progress;
  };
  Task<void> drive(core::Batch batch);

  Wakeup& wakeup_;
  std::vector<core::BatchState> states_;
  const std::int64_t* parallel_;  // a constant, or a key of the configuration, which a reload may change
  std::int64_t busy_ = 0;         // steps under way
  std::unordered_map<core::BatchId, Timer> timers_;
};

}  // namespace batchd::daemon
