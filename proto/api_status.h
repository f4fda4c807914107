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
  std::optional<bool> healthy = {};  // none: not known yet
  std::string detail = {};           // what is wrong, and what to do
  std::optional<core::WallTime> since = {};
  core::BudgetUse use = {};
  core::BudgetLimits limits = {};
};

struct AdminStatus {
  std::string version;
  core::WallTime now;
  core::WallTime started_at;
  core::Counts counts;
  std::vector<AccountStatus> accounts;
  std::vector<core::LaneQueue> lanes;     // what is queued
  std::vector<core::Batch> live_batches;  // all but those that are done
};

// GET /admin/status. Ages are whole seconds before `now`.
std::string admin_status_json(const AdminStatus& status);

}  // namespace batchd::proto
