// The pipeline, as a table of contents. Each stage reads batches (or queued requests) in its states and leaves them in
// the next; each change of a batch's state is one transaction of the store, and calls to the provider happen between
// them. Stages run as coroutines on the io_context's thread. They never call each other: they meet in the store and
// wake each other. A wake-up that is lost costs at most polling.max, because every stage that others wake also looks by
// itself that often. core/state.h says what each state means and which changes of state are possible. No stage takes
// held: an operator decides.
//
//   stage       takes                           leaves in                               file
//   pack        queued requests                 sealed | unsealed (nothing claimed)     pack.cpp
//   submit      sealed, uploading, uploaded     submitted | unclear | refused |         submit.cpp, upload.cpp
//                                               creating (throttled: a 429) |
//                                               unsealed (nobody waits for it)
//   reconcile   creating (throttled, or left    submitted | uploaded | unsealed |       reconcile.cpp, fence.cpp
//               behind), unclear, fencing,      fenced | held
//               lost
//   poll        submitted                       ended | lost | refused (lines named)    poll.cpp
//   collect     ended, collecting               done | refused | held                   collect.cpp, result_sink.cpp
//   settle      refused, fenced, unsealed       done (members moved to child batches,   settle.cpp, doubt.cpp,
//                                               queued again, or failed) | uploading,   explain.cpp
//                                               uploaded (nothing is wrong with them)
//   cleanup     done, input file not deleted    done, input file deleted                cleanup.cpp
//
// Three stages don't move batches:
//   deadlines   requests whose deadline passed  expired, if they are to fail at it      deadlines.cpp
//   purge       finished requests, old batches  deleted                                 purge.cpp
//   sweep       the provider's list of jobs     jobs that shouldn't exist: logged, and  sweep.cpp
//                                               cancelled, or the account stopped
//
// How much a lane may have enqueued at the provider is learned by submit, reconcile and collect (lane_use.cpp); pack
// and submit keep to it.
//
// Accepting requests and delivering results is not part of the pipeline: see daemon/api/ (intake.cpp, deliver.cpp),
// daemon/fronts/ and daemon/admin/.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/stages/lane_use.h"
#include "daemon/stages/stage.h"

namespace batchd::daemon {

class PackStage final : public Stage {
 public:
  explicit PackStage(Engine& engine) : engine_(engine) {}
  Task<std::optional<core::SteadyTime>> once() override;

 private:
  struct Lane;  // a lane that may leave, with everything that decides whether it does
  Task<core::Result<std::vector<Lane>>> lanes_that_may_leave();
  Task<core::Result<void>> look_at_lanes(std::vector<Lane>& lanes);
  Task<core::Result<void>> look_at_accounts(std::vector<Lane>& lanes);
  // Plans for one lane, and lets at most one batch of it leave. Returns when to look at the lane again.
  Task<std::optional<core::SteadyTime>> serve(Lane& lane);
  core::PackLimits limits_of(const Lane& lane) const;
  // Carries one departure out. Returns false if nothing could be claimed, or if the store returned an error.
  Task<bool> depart(const core::LaneQueue& queue, const core::Departure& departure, const core::PackLimits& limits);
  Task<core::Result<core::Claimed>> claim(core::BatchId batch, core::OwnerId owner, core::ClaimLimit limit,
                                          std::optional<core::WallTime> urgent_before);
  // Seals the batch. Returns true if it has members; false if it has none, or if the store returned an error.
  Task<bool> finish(core::BatchId batch);

  // Leaves out the owners whose last suspicious batch hasn't had its create yet.
  Task<core::Result<void>> leave_out_underway(std::vector<core::LaneQueue>& queues);

  Engine& engine_;
  std::map<std::string, core::BudgetUse> uses_;  // by account, as seen in this look
  std::optional<core::BatchId> unfinished_;      // in sealing, with its claimed members: finish() couldn't seal it yet
  // Whose suspicious batches this process has sealed, until their creates. After a restart an owner may have one more.
  std::map<core::BatchId, std::pair<core::LaneId, core::OwnerId>> suspicious_underway_;
};

class SubmitStage final : public BatchStage {
 public:
  explicit SubmitStage(Engine& engine);

 private:
  Task<core::Duration> advance(core::Batch batch, Progress& progress) override;
  bool urgent(const core::Batch& batch) const override { return batch.packed == 0; }  // nobody waits: given up at once
  // In state uploading: sends the batch's file, or the rest of it (upload.cpp).
  Task<core::Duration> upload(core::Batch batch, Account& account, Progress& progress);
  Task<core::Duration> after_upload_fault(core::Batch batch, const core::Fault& fault, Account& account,
                                          Progress& progress);
  // In state uploaded: commits the intent, and makes the one create call.
  Task<core::Duration> create(core::Batch batch, Account& account, Progress& progress);
  Task<core::Result<core::Batch>> commit_intent(const core::Batch& batch, core::BatchPatch intent);
  Task<core::Duration> after_create_fault(core::Batch batch, const core::Fault& fault, Account& account,
                                          Progress& progress);
  Task<core::Duration> refuse(core::Batch batch, const core::Fault& fault);
  Task<core::Duration> await_input(const core::Batch& batch, Account& account, Progress& progress);
  Task<void> trust_more(const core::Batch& batch);

  std::unordered_set<core::BatchId> ready_inputs_;  // batches whose input file is known to be ready for a job
};

class ReconcileStage final : public BatchStage {
 public:
  explicit ReconcileStage(Engine& engine);

 private:
  Task<core::Duration> advance(core::Batch batch, Progress& progress) override;
  bool mine(const core::Batch& batch) const override;
  // One step each: for a batch in creating whose create was answered 429; for one in unclear; for one in lost.
  Task<core::Duration> throttled(core::Batch batch, Account& account, Progress& progress);
  Task<core::Duration> unclear(core::Batch batch, Account& account, Progress& progress);
  Task<core::Duration> lost(core::Batch batch, Account& account, Progress& progress);

  // The fence, which makes sure that no job of the batch can run any more (fence.cpp).
  Task<core::Duration> fence(core::Batch batch, Account& account, Progress& progress);
  Task<core::Duration> fence_fault(core::Batch batch, const core::Fault& fault, Account& account, Progress& progress);
  // What is seen of the batch's input files: all are gone while the canary file is there; one is still there; not even
  // the canary is seen, so that nothing is proven; or a call failed, and `pause` is set.
  enum class Look { gone, still_there, blind, fault };
  Task<Look> look_at_inputs(const core::Batch& batch, Account& account, const std::string& canary, Progress& progress,
                            core::Duration& pause);

  // Tells whether what the account's present key sees says anything about this batch. Files and jobs belong to a
  // project, so a key other than the one of the create call counts only if it sees the batch's input file (then it
  // becomes the batch's key). `unknown`: that couldn't be found out, and `pause` is set.
  enum class Trust { same_project, other_project, unknown };
  Task<Trust> trust_key(core::Batch& batch, Account& account, Progress& progress, core::Duration& pause);
  // Makes one complete listing. `adopted`: the batch has a job, and moves to submitted; `clean`: the batch has no job;
  // `unknown`: the listing failed; `doubtful`: the provider's jobs carry no tags, and those whose names are left in
  // progress.scratch may be the batch's. `pause` is set with adopted and unknown.
  enum class Listing { adopted, clean, unknown, doubtful };
  Task<Listing> list_and_adopt(core::Batch batch, Account& account, Progress& progress, core::Duration& pause);
  // Looks which of the jobs, none of which carries a tag, belong to no batch: doubtful, or clean if there are none.
  Task<Listing> look_for_strangers(const core::Batch& batch, std::span<const core::JobView> jobs, Progress& progress,
                                   core::Duration& pause);
  Task<Listing> adopt(core::Batch batch, Account& account, std::span<const core::JobView> jobs, core::Duration& pause);
  // Moves the batch to held, where `why` is shown to an operator. Returns the pause before the next step.
  Task<core::Duration> hold(core::Batch batch, std::string why);
};

class PollStage final : public BatchStage {
 public:
  explicit PollStage(Engine& engine);

 private:
  Task<core::Duration> advance(core::Batch batch, Progress& progress) override;
  bool urgent(const core::Batch& batch) const override { return batch.packed == 0 && !batch.cancel_asked; }
  // Asks the provider to cancel the job of a batch that nobody waits for any more.
  Task<core::Duration> cancel(core::Batch batch, Account& account, Progress& progress);
  // Moves to refused a batch whose job has ended because of lines that the provider named.
  Task<core::Duration> refuse_lines(core::Batch batch, const core::JobView& job, const core::BatchPatch& end);
};

class CollectStage final : public BatchStage {
 public:
  explicit CollectStage(Engine& engine);

 private:
  Task<core::Duration> advance(core::Batch batch, Progress& progress) override;
  Task<core::Duration> collect(core::Batch batch, Account& account, Progress& progress);
  // What one complete pass over a result file found.
  struct Seen {
    std::int64_t lines = 0;  // with a key of this batch and a readable value
    core::LineCounts counts;
    PromptTokens prompts;
  };
  // Judges the members without a line (core/requeue.h), and moves the batch to done; or, by the verdict, the batch as a
  // whole to refused or held.
  Task<core::Duration> conclude(core::Batch batch, Seen seen);
};

class SettleStage final : public BatchStage {
 public:
  explicit SettleStage(Engine& engine);

 private:
  Task<core::Duration> advance(core::Batch batch, Progress& progress) override;
  Task<core::Duration> settle_refused(core::Batch batch, Progress& progress);
  struct Known;
  Task<core::Result<Known>> gather(const core::Batch& batch, const Account* account);
  Task<std::optional<core::Duration>> look_into(const core::Batch& batch, Account& account, Progress& progress);
  Task<std::optional<core::Duration>> doubt_account(const core::Batch& batch, Account& account, Progress& progress);
  Task<core::Duration> fail_references(const core::Batch& batch, std::span<const core::LineRefusal> lines);
  Task<std::optional<core::Duration>> await_references(const core::Batch& batch,
                                                       std::span<const core::LineRefusal> lines, Progress& progress);
  // What core::next_step() may say, carried out.
  Task<core::Duration> split(core::Batch batch, core::SplitRule rule);  // moves the members to child batches
  Task<core::Duration> suspect(core::Batch batch, bool lines_failed);
  Task<core::Duration> wait_for_account(core::Batch batch, Account& account, core::WallTime since);
  Task<core::Duration> fail_alone(core::Batch batch);
  Task<core::Duration> fail_all(core::Batch batch, core::RequestError error);  // fails the members that still wait

  static constexpr int kMoreIsNamed = 1;                               // Progress::phase: Explanation::incomplete
  std::unordered_map<core::BatchId, core::SteadyTime> requests_read_;  // when the requests of unexplained batches were
};

class CleanupStage final : public Stage {
 public:
  explicit CleanupStage(Engine& engine) : engine_(engine) {}
  Task<std::optional<core::SteadyTime>> once() override;

 private:
  // Returns true if the batch's files are gone, by deletion or because they must have expired, and this is recorded.
  Task<bool> clean_up(const core::Batch& batch);

  Engine& engine_;
  int tries_ = 0;                                       // looks in a row that left a file undeleted
  std::map<std::string, core::SteadyTime> not_before_;  // by account: the provider asked to make no call before
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
  // These return true if everything could be done; false makes the next survey come early.
  Task<bool> survey(Account& account);
  Task<bool> stop(Account& account, const core::JobView& job, const core::Batch& batch, bool fenced);
  Task<bool> note_if_strange(Account& account, const core::JobView& job);
  void put_off(const Account& account, const core::Fault& fault);

  struct Timer {
    core::SteadyTime due{};
    core::SteadyTime not_before{};          // the provider asked to make no call before
    std::optional<core::SteadyTime> first;  // when this process made its first survey of the account
    int tries = 0;                          // surveys in a row that weren't complete
  };
  Engine& engine_;
  std::map<std::string, Timer> timers_;      // by account
  std::set<std::string> alarmed_, stopped_;  // names of jobs that have been logged, and cancelled
};

class PurgeStage final : public Stage {
 public:
  explicit PurgeStage(Engine& engine) : engine_(engine) {}
  Task<std::optional<core::SteadyTime>> once() override;
  bool is_woken() const override { return false; }  // things grow old silently

 private:
  struct Look {
    core::WallTime wall;
    core::SteadyTime steady;
  };
  Engine& engine_;
  std::optional<Look> last_;
  core::SteadyTime rest_until_{};  // nothing is purged before, because the clock has jumped ahead
};

}  // namespace batchd::daemon
