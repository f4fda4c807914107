// What stages and handlers share. Owned by the composition root (daemon.cpp); outlives every stage and task; for use on
// the io_context's thread only.
#pragma once

#include <array>
#include <memory>
#include <unordered_set>

#include "config/config.h"
#include "core/state.h"
#include "core/time.h"
#include "daemon/engine/body_seats.h"
#include "daemon/engine/chunk_seats.h"
#include "daemon/engine/flushes.h"
#include "daemon/engine/metrics.h"
#include "daemon/engine/store_client.h"
#include "daemon/engine/waiters.h"
#include "daemon/net/task_group.h"
#include "daemon/net/wakeup.h"
#include "daemon/provider/account.h"

namespace batchd::daemon {

// One wake-up per place that can have work. Whoever moves a batch wakes the stage of its new state.
struct Wakeups {
  explicit Wakeups(const Executor& executor)
      : pack(executor),
        submit(executor),
        reconcile(executor),
        poll(executor),
        collect(executor),
        settle(executor),
        cleanup(executor),
        purge(executor),
        sweep(executor),
        deadlines(executor) {}
  Wakeup pack, submit, reconcile, poll, collect, settle, cleanup, purge, sweep, deadlines;

  void wake(core::BatchState state);  // the stage that owns the arrows out of `state`
  void wake_all();
};

struct Engine {
  Engine(Executor io, const config::Config& settings, const core::Clock& time, storage::StoreThread& thread)
      : executor(io),
        config(settings),
        clock(time),
        store(thread),
        waiters(io),
        body_seats(io),
        chunk_seats(io),
        wakeups(io),
        tasks(io),
        metrics(time.wall()) {}

  Executor executor;
  const config::Config& config;
  const core::Clock& clock;
  StoreClient store;
  Accounts accounts;
  Waiters waiters;
  BodySeats body_seats;
  ChunkSeats chunk_seats;
  Wakeups wakeups;
  Flushes flushes;
  TaskGroup tasks;
  Metrics metrics;
  std::string installation;  // the database's id (core::Installation)
  std::string tag_prefix;    // "batchd-<installation>-"
  // Batches whose one create call is being made right now. A batch in state `creating` that is not in this set was
  // abandoned (e.g. because the disk was full), unless it is marked as throttled: treat it as unclear.
  std::unordered_set<core::BatchId> creates_under_way;
  std::unordered_set<core::LaneId> not_for_tokens;  // lanes that get 429s for another reason than tokens (lane_use.h)
  bool stopping = false;                            // set once, before total cancellation

  // Moves the batch from batch.state to `to` (which may be the same state), applies `patch`, and wakes the stage of a
  // new state. The change is durable when this returns. Returns Errc::stale if the batch is in another state by now.
  // Every error is logged here; callers only look at the batch again.
  Task<core::Result<core::Batch>> mark(const core::Batch& batch, core::BatchState to, core::BatchPatch patch);
  Task<core::Result<core::Batch>> mark(const core::Batch& batch, core::BatchState to) {
    return mark(batch, to, core::BatchPatch());
  }
  // Logs and counts a batch's move to another state. mark() does this by itself; a caller that moves a batch in a
  // transaction of its own calls it afterwards.
  void moved(const core::Batch& batch, core::BatchState from);
  // Called after a transaction that was to move the batch to refused and to fail requests of it. If it did, logs and
  // announces that, wakes who deals with it, and returns true; else logs the error and returns false. `status` is the
  // HTTP status of the refusal, 0 if there is none.
  bool refused(const core::Batch& batch, const core::Result<core::Recorded>& recorded, int status);
  int max_attempts() const { return static_cast<int>(config.retry.max_attempts); }
  // Called after outcomes were recorded. Counts them, and wakes the waiters of the requests that finished and, if a
  // request went back to the queue, the packer.
  void announce(const core::Recorded& recorded);
  // Called for each batch in Cancelled::deserted and Expired::deserted: nobody waits for any of its requests any more.
  // Wakes the stages that may hold the batch.
  void deserted(core::BatchId batch);
  // Ends the account's pause by an operator's decision: its key is read again and the next call is tried now.
  void try_at_once(Account& account);
  // Does the same, and accepts the account's strange jobs, which then stop nothing any more.
  Task<core::Result<void>> resume(Account& account);
  // Sets Account::strange_jobs of every account from the store. Called at start before the stages run, after each
  // survey of the sweep, and by resume().
  Task<core::Result<void>> count_strange_jobs();
};

}  // namespace batchd::daemon
