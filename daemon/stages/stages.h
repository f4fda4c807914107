// The pipeline, as a table of contents. Each stage reads batches (or queued requests) in its states and leaves them in
// the next, in one transaction of the store. Stages never call each other: they meet in the store and ring wakeups.
//
//   stage       takes                           leaves in                               file
//   pack        queued requests                 sealed                                  pack.cpp
//   submit      sealed, uploading, uploaded     submitted | unclear | refused |         submit.cpp, upload.cpp
//                                               unsealed (deserted) | ...
//   reconcile   creating (throttled), unclear,  submitted | uploaded | unsealed |       reconcile.cpp, fence.cpp
//               fencing, lost                   fenced | held
//   poll        submitted                       ended | lost                            poll.cpp
//   collect     ended, collecting               done | refused | held                   collect.cpp, result_sink.cpp
//   settle      refused, fenced, unsealed       done (members in children or queued)    settle.cpp
//   cleanup     done with a file left           done                                    cleanup.cpp
//   purge       finished requests, old batches  -                                       purge.cpp
//   deadlines   requests that fail at theirs    -                                       deadlines.cpp
//   sweep       jobs that shouldn't be there    -                                       sweep.cpp
//
// What a lane may have enqueued is learned by submit, reconcile and collect (lane_use.cpp), and kept to by pack.
//
// Accepting and delivering are the callers' side: intake.cpp, deliver.cpp, admin.cpp behind routes.cpp.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "daemon/engine/engine.h"
#include "daemon/stages/lane_use.h"

namespace batchd::daemon {

class Stage {
 public:
  virtual ~Stage() = default;
  // One look at the work. Returns when to look again by itself; none: only when its wakeup rings.
  virtual Task<std::optional<core::SteadyTime>> once() = 0;
};

// Ten lines: once, then wait for the wakeup or the time, until the engine stops.
Task<void> run_stage(Engine& engine, Stage& stage, Wakeup& wakeup);

// What a stage remembers of a batch between two steps in the same state. Lost with the process, and safe to lose.
struct Progress {
  int tries = 0;                          // failures in a row, or looks so far
  int phase = 0;                          // of a stage's own sequence
  std::string scratch;                    // of a stage's own sequence
  std::optional<core::SteadyTime> since;  // of a condition that must last
  core::Duration lasted{};                // under such a condition, without what interrupted it
};

// A stage that works on batches one by one: each on its own timer, at most `*parallel` at once (asked at each look), so
// that one batch's trouble touches no other.
class BatchStage : public Stage {
 public:
  BatchStage(Engine& engine, Wakeup& wakeup, std::vector<core::BatchState> states, const std::int64_t* parallel)
      : engine_(engine), wakeup_(wakeup), states_(std::move(states)), parallel_(parallel) {}
  Task<std::optional<core::SteadyTime>> once() final;

 protected:
  // One step for one batch. Returns the pause before the next; zero if the batch moved on.
  virtual Task<core::Duration> advance(core::Batch batch, Progress& progress) = 0;
  virtual bool mine(const core::Batch&) const { return true; }  // of those in its states
  // Whether its timer is cut short, once for each state that it is in.
  virtual bool urgent(const core::Batch&) const { return false; }

  // The account of a batch, or null after noting that it isn't configured.
  Account* account_of(const core::Batch& batch) { return engine_.accounts.find(batch.lane.account); }
  core::Backoff retry_backoff() const { return {engine_.config.retry.first, engine_.config.retry.max}; }
  // The pause after a fault that proves nothing: grows with each in a row. Account trouble pauses the account as well.
  core::Duration pause_after(const core::Fault& fault, Account& account, Progress& progress);
  // After a change of state: none if it happened, else a breath before the next try.
  core::Duration pause_unless(bool moved) const { return moved ? core::Duration::zero() : engine_.config.retry.first; }
  core::SteadyTime now() const { return engine_.clock.steady(); }

  Engine& engine_;

 private:
  struct Timer {
    core::BatchState state{};  // that `progress` is about
    core::SteadyTime due{};
    bool busy = false;
    bool hurried = false;
    bool account_paused = false;  // when it was set: it is cut short if an operator ends that pause
    Progress progress;
  };
  Task<void> drive(core::Batch batch);

  Wakeup& wakeup_;
  std::vector<core::BatchState> states_;
  const std::int64_t* parallel_;  // a constant, or a key of the configuration
  std::int64_t busy_ = 0;
  std::unordered_map<core::BatchId, Timer> timers_;
};

class PackStage final : public Stage {
 public:
  explicit PackStage(Engine& engine) : engine_(engine) {}
  Task<std::optional<core::SteadyTime>> once() override;

 private:
  struct Lane;  // one that may leave, and all that decides
  Task<core::Result<std::vector<Lane>>> lanes_that_may_leave();
  Task<core::Result<void>> look_at_lanes(std::vector<Lane>& lanes);
  Task<core::Result<void>> look_at_accounts(std::vector<Lane>& lanes);
  // Plans, and lets at most one batch of the lane leave. When to look at it again.
  Task<std::optional<core::SteadyTime>> serve(Lane& lane);
  core::PackLimits limits_of(const Lane& lane) const;
  // Carries one departure out; false: nothing could be claimed, or the store refused.
  Task<bool> depart(const core::LaneQueue& queue, const core::Departure& departure, const core::PackLimits& limits);
  Task<core::Result<core::Claimed>> claim(core::BatchId batch, core::OwnerId owner, core::ClaimLimit limit,
                                          std::optional<core::WallTime> urgent_before);
  Task<bool> finish(core::BatchId batch);

  Engine& engine_;
  std::map<std::string, core::BudgetUse> uses_;  // of accounts, as seen in this look
  std::optional<core::BatchId> unsealed_;        // has claimed members and isn't sealed yet
};

class SubmitStage final : public BatchStage {
 public:
  explicit SubmitStage(Engine& engine);

 private:
  Task<core::Duration> advance(core::Batch batch, Progress& progress) override;
  bool urgent(const core::Batch& batch) const override { return batch.packed == 0; }
  Task<core::Duration> upload(core::Batch batch, Account& account, Progress& progress);
  Task<core::Duration> after_upload_fault(core::Batch batch, const core::Fault& fault, Account& account,
                                          Progress& progress);
  Task<core::Duration> create(core::Batch batch, Account& account, Progress& progress);
  Task<core::Result<core::Batch>> commit_intent(const core::Batch& batch, core::BatchPatch intent);
  Task<core::Duration> after_create_fault(core::Batch batch, const core::Fault& fault, Account& account,
                                          Progress& progress);
  Task<core::Duration> refuse(core::Batch batch, const core::Fault& fault);
};

class ReconcileStage final : public BatchStage {
 public:
  explicit ReconcileStage(Engine& engine);

 private:
  Task<core::Duration> advance(core::Batch batch, Progress& progress) override;
  bool mine(const core::Batch& batch) const override;
  Task<core::Duration> throttled(core::Batch batch, Account& account, Progress& progress);
  Task<core::Duration> unclear(core::Batch batch, Account& account, Progress& progress);
  Task<core::Duration> lost(core::Batch batch, Account& account, Progress& progress);
  // fence.cpp
  Task<core::Duration> fence(core::Batch batch, Account& account, Progress& progress);
  Task<core::Duration> fence_fault(core::Batch batch, const core::Fault& fault, Account& account, Progress& progress);
  enum class Look { gone, still_there, blind, fault };
  Task<Look> look_at_inputs(const core::Batch& batch, Account& account, const std::string& canary, Progress& progress,
                            core::Duration& pause);

  // Whether what the present key sees says anything about this batch. Files and jobs belong to a project: with another
  // key than the create call used, only one that sees the input file (then it becomes the batch's key).
  enum class Trust { same_project, other_project, unknown };
  Task<Trust> trust_key(core::Batch& batch, Account& account, Progress& progress, core::Duration& pause);
  // One complete listing. Moves the batch to submitted if it has a job there; none: a fault, with the pause it asks
  // for.
  enum class Listing { adopted, clean, unknown };
  Task<Listing> list_and_adopt(core::Batch batch, Account& account, Progress& progress, core::Duration& pause);
  Task<core::Duration> hold(core::Batch batch, std::string why);  // returns pause_unless() it happened
};

class PollStage final : public BatchStage {
 public:
  explicit PollStage(Engine& engine);

 private:
  Task<core::Duration> advance(core::Batch batch, Progress& progress) override;
  bool urgent(const core::Batch& batch) const override { return batch.packed == 0 && !batch.cancel_asked; }
  // Nobody waits for its job any more.
  Task<core::Duration> cancel(core::Batch batch, Account& account, Progress& progress);
};

class CollectStage final : public BatchStage {
 public:
  explicit CollectStage(Engine& engine);

 private:
  Task<core::Duration> advance(core::Batch batch, Progress& progress) override;
  Task<core::Duration> collect(core::Batch batch, Account& account, Progress& progress);
  // What one complete pass over a result file has shown.
  struct Seen {
    std::int64_t lines = 0;  // with a key of this batch and a readable value
    core::LineCounts counts;
    PromptTokens prompts;
  };
  // What follows for members without a line, then done.
  Task<core::Duration> conclude(core::Batch batch, Seen seen);
};

class SettleStage final : public BatchStage {
 public:
  explicit SettleStage(Engine& engine);

 private:
  Task<core::Duration> advance(core::Batch batch, Progress& progress) override;
  Task<core::Duration> settle_refused(core::Batch batch);
  Task<core::Duration> split(core::Batch batch, core::SplitRule rule);
  Task<core::Duration> fail_all(core::Batch batch, core::RequestError error);
};

class CleanupStage final : public Stage {
 public:
  explicit CleanupStage(Engine& engine) : engine_(engine) {}
  Task<std::optional<core::SteadyTime>> once() override;

 private:
  Engine& engine_;
  int tries_ = 0;
};

class DeadlineStage final : public Stage {
 public:
  explicit DeadlineStage(Engine& engine) : engine_(engine) {}
  Task<std::optional<core::SteadyTime>> once() override;

 private:
  Engine& engine_;
};

class SweepStage final : public Stage {
 public:
  explicit SweepStage(Engine& engine) : engine_(engine) {}
  Task<std::optional<core::SteadyTime>> once() override;

 private:
  Task<bool> survey(Account& account);
  Task<bool> stop_fenced(Account& account, const core::JobView& job, const core::Batch& batch);
  Task<bool> note_if_strange(Account& account, const core::JobView& job);

  struct Timer {
    core::SteadyTime due{};
    std::optional<core::SteadyTime> first;  // try of this process
    int tries = 0;
  };
  Engine& engine_;
  std::map<std::string, Timer> timers_;      // by account
  std::set<std::string> alarmed_, stopped_;  // jobs
};

class PurgeStage final : public Stage {
 public:
  explicit PurgeStage(Engine& engine) : engine_(engine) {}
  Task<std::optional<core::SteadyTime>> once() override;

 private:
  struct Look {
    core::WallTime wall;
    core::SteadyTime steady;
  };
  Engine& engine_;
  std::optional<Look> last_;
  core::SteadyTime rest_until_{};
};

}  // namespace batchd::daemon
