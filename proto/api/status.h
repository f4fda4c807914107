// The numbers that people and monitors read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/budget.h"
#include "core/store.h"
#include "core/types.h"

namespace batchd::proto {

// GET /v1/status: the caller's own requests by state.
std::string status_json(const std::array<std::int64_t, core::kRequestStates>& requests);

struct AccountStatus {
  std::string name;
  std::optional<bool> healthy = {};  // nullopt if not known yet
  std::string detail = {};           // what is wrong, and what to do
  std::string key = {};              // fingerprint of the key in force; empty if there is none
  std::optional<core::WallTime> since = {};
  core::BudgetUse use = {};
  core::BudgetLimits limits = {};
};

// A lane with something queued, or with batches under way.
struct LaneStatus {
  core::LaneQueue queue;  // has no owners if nothing is queued
  bool paused = false;
  std::int64_t enqueued_tokens = 0;  // as the provider counts them, in batches from sealing to the end of their job
  std::int64_t allowance = 0;        // how many tokens may be enqueued at once, by configuration and what was learned
  std::optional<core::Duration> turnaround = {};  // median of its last jobs
  std::int64_t suspicious = 0;                    // requests in the lane's suspicious queue
};

struct AdminStatus {
  std::string version;
  core::WallTime now;
  core::WallTime started_at;
  core::Counts counts;
  std::int64_t free_bytes = 0;  // that batchd may use on the store's file system
  std::vector<AccountStatus> accounts = {};
  std::vector<LaneStatus> lanes = {};
  std::vector<core::OwnerUse> owners = {};     // those with the most unfinished requests
  std::vector<core::Batch> live_batches = {};  // those that are not in a final state
};

// GET /admin/status. Ages are whole seconds before `now`.
std::string admin_status_json(const AdminStatus& status);

struct LaneBacklog {
  std::int64_t items = 0, bytes = 0, tokens = 0;
  std::optional<core::WallTime> oldest = {};
};
LaneBacklog backlog_of(const core::LaneQueue& queue);  // summed over all owners
std::string owner_text(const core::OwnerUse& owner);   // "uid:1000", or the name of a bearer token

// One batch object; and GET /admin/batches: newest first, `next` is set if there are older ones.
std::string batch_json(const core::Batch& batch);
std::string batches_json(const std::vector<core::Batch>& batches, std::optional<core::BatchId> next);

// An owner's suspicious requests in a lane.
struct SuspiciousQueue {
  core::OwnerUse owner;
  core::Lane lane;
  std::int64_t items = 0;
  core::Suspicion suspicion;
  bool waits = false;  // for an operator: they are sent no more until then
};

// What an operator must decide or repair.
struct Attention {
  std::vector<core::Batch> held;
  std::vector<AccountStatus> accounts;    // those in trouble
  std::vector<core::StrangeJob> strange;  // those that no operator has accepted
  std::vector<core::LaneSelector> paused;
  std::vector<SuspiciousQueue> suspicious;
  bool empty() const {
    return held.empty() && accounts.empty() && strange.empty() && paused.empty() && suspicious.empty();
  }
};
std::string attention_json(const Attention& attention);  // GET /admin/attention

}  // namespace batchd::proto
