// What the stages work with. Owned by the composition root (daemon.cpp), outlives every stage and task; used on the
// io_context's thread only.
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
  std::string installation;  // of the database (core::Installation)
  std::string tag_prefix;    // "batchd-<installation>-"
  // Batches whose one create call is being made by this process right now. One that is `creating` without standing here
  // was left behind (by a full disk, say): it is unclear.
  std::unordered_set<core::BatchId> creates_under_way;
  std::unordered_set<core::LaneId> not_for_tokens;  // lanes whose 429s have another reason (lane_use.h)
  bool stopping = false;                            // set once, before total cancellation

  // The guarded change of a batch, with its wakeup. An error other than stale ends in the log here, once; callers look
  // again.
  Task<core::Result<core::Batch>> mark(const core::Batch& batch, core::BatchState to, core::BatchPatch patch);
  Task<core::Result<core::Batch>> mark(const core::Batch& batch, core::BatchState to) {
    return mark(batch, to, core::BatchPatch());
  }
  // What follows a move to another state: its line in the log, and its count. mark() sees to it; whoever moves a batch
  // in a transaction of its own says so here.
  void moved(const core::Batch& batch, core::BatchState from);
  int max_attempts() const { return static_cast<int>(config.retry.max_attempts); }
  // After results: wakes the waiters of what finished, and the packer if something came back to the queue.
  void announce(const core::Recorded& recorded);
  // After Cancelled::deserted and its like: nobody waits for this batch any more, and whoever holds it looks at once.
  void deserted(core::BatchId batch);
  // An operator's word: what troubles the account is tried again now.
  void try_at_once(Account& account);
  // The same, and its strange jobs are accepted: they stop nothing any more.
  Task<core::Result<void>> resume(Account& account);
  // What the accounts have of these, from the store. At start before the stages, and whenever one was found.
  Task<core::Result<void>> count_strange_jobs();
};

}  // namespace batchd::daemon
