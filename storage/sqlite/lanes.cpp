#include <algorithm>
#include <cmath>

#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

constexpr double kMillion = 1e6;  // ratios are stored in millionths

}  // namespace

core::Result<std::optional<core::Duration>> SqliteStore::lane_turnaround(core::LaneId lane) {
  return verb([&]() -> std::optional<core::Duration> {
    // Suspicious batches are few and small: how long they take says nothing of the others.
    std::vector<core::Duration> runs;
    auto rows = db_->query(
        "SELECT submitted_at, ended_at FROM batch WHERE lane = ? AND ended_at IS NOT NULL AND submitted_at IS NOT NULL"
        " ORDER BY ended_at DESC LIMIT 16",
        lanes_.regular(lane));
    while (rows.row()) runs.push_back(rows.time(1) - rows.time(0));
    if (runs.size() < 3) return std::nullopt;
    const auto middle = runs.begin() + static_cast<std::ptrdiff_t>(runs.size() / 2);
    std::nth_element(runs.begin(), middle, runs.end());
    return *middle;
  });
}

// The provider counts both queues of a lane together.
core::Result<core::LaneLoad> SqliteStore::lane_load(core::LaneId lane) {
  return verb([&] {
    core::LaneLoad load;
    {
      auto row = db_->query("SELECT ratio, allowance, allowance_since FROM lane WHERE id = ?", lanes_.regular(lane));
      if (!row.row()) refuse(core::Errc::not_found, "no such lane");
      load.learned = {static_cast<double>(row.integer(0)) / kMillion, row.integer(1), row.time(2)};
    }
    // The states of budget_use() without held: a lane must not stop until an operator has decided.
    auto row = db_->query(
        "SELECT count(*), sum(tokens), sum(job <> '') FROM batch"
        " WHERE lane IN (?, ?) AND state IN (0, 1, 2, 3, 4, 5, 6, 7, 11)",
        lanes_.regular(lane), lanes_.suspicious(lane));
    CHECK(row.row());
    load.batches = row.integer(0);
    load.tokens = row.integer(1);
    load.jobs = row.integer(2);
    return load;
  });
}

core::Result<void> SqliteStore::set_lane_budget(core::LaneId lane, const core::LaneBudget& budget) {
  return verb([&] {
    db_->run("UPDATE lane SET ratio = ?, allowance = ?, allowance_since = ? WHERE id = ?",
             std::llround(budget.ratio * kMillion), budget.allowance, budget.since, lanes_.regular(lane));
  });
}

core::Result<std::vector<core::LaneSelector>> SqliteStore::list_pauses() {
  return verb([&] {
    std::vector<core::LaneSelector> pauses;
    auto rows = db_->query("SELECT account, endpoint, model FROM pause ORDER BY account, endpoint, model");
    while (rows.row()) pauses.push_back({rows.text(0), rows.text(1), rows.text(2)});
    return pauses;
  });
}

core::Result<void> SqliteStore::set_pause(const core::LaneSelector& lanes, bool paused) {
  return verb([&] {
    if (paused)
      db_->run("INSERT INTO pause(account, endpoint, model) VALUES(?, ?, ?) ON CONFLICT DO NOTHING", lanes.account,
               lanes.endpoint, lanes.model);
    else
      db_->run("DELETE FROM pause WHERE ?1 IN ('', account) AND ?2 IN ('', endpoint) AND ?3 IN ('', model)",
               lanes.account, lanes.endpoint, lanes.model);
  });
}

}  // namespace batchd::storage
