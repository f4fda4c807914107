#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<std::optional<core::Duration>> SqliteStore::lane_turnaround(core::LaneId lane) {
  return verb([&]() -> std::optional<core::Duration> {
    std::vector<core::Duration> runs;
    auto rows = db_->query(
        "SELECT submitted_at, ended_at FROM batch WHERE lane = ? AND ended_at IS NOT NULL AND submitted_at IS NOT NULL"
        " ORDER BY ended_at DESC LIMIT 16",
        lane);
    while (rows.row()) runs.push_back(rows.time(1) - rows.time(0));
    if (runs.size() < 3) return std::nullopt;
    const auto middle = runs.begin() + static_cast<std::ptrdiff_t>(runs.size() / 2);
    std::nth_element(runs.begin(), middle, runs.end());
    return *middle;
  });
}

core::Result<core::LaneLoad> SqliteStore::lane_load(core::LaneId) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<void> SqliteStore::set_lane_budget(core::LaneId, const core::LaneBudget&) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<std::vector<core::LaneSelector>> SqliteStore::list_pauses() {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<void> SqliteStore::set_pause(const core::LaneSelector&, bool) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

}  // namespace batchd::storage
