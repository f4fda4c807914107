// Which lanes there are. Clients name them, so there is a bound on them, and one that nothing refers to any more makes
// room for the next.
#include "storage/sqlite_impl.h"

namespace batchd::storage {

void SqliteStore::require_lane(const core::Lane& lane) {
  if (lanes_.contains(lane) || static_cast<std::int64_t>(lanes_.size()) < kLanesMax || unused_lane()) return;
  refuse(core::Errc::queue_full,
         "more than " + std::to_string(kLanesMax) + " different models and accounts are in use");
}

core::LaneId SqliteStore::lane_id(const core::Lane& lane) {
  if (const auto known = lanes_.find(lane); known != lanes_.end()) return known->second;
  require_lane(lane);
  lanes_changed_ = true;
  if (static_cast<std::int64_t>(lanes_.size()) >= kLanesMax) {
    const auto unused = unused_lane();
    db_->run("DELETE FROM lane WHERE id = ?", unused);
    lanes_.erase(lane_names_.at(unused));
    lane_names_.erase(unused);
  }
  // Never an id that another lane had.
  const core::LaneId id{lane_names_.empty() ? 1 : lane_names_.rbegin()->first.value() + 1};
  db_->run("INSERT INTO lane(id, account, endpoint, model) VALUES(?, ?, ?, ?)", id, lane.account, lane.endpoint,
           lane.model);
  lanes_.emplace(lane, id);
  lane_names_.emplace(id, lane);
  return id;
}

// A request refers to a lane while it is queued, by its batch, or by itself if it ended outside of one. The newest
// lane stays, so that ids go on from it.
core::LaneId SqliteStore::unused_lane() {
  auto lane = db_->query(
      "SELECT id FROM lane l WHERE id < (SELECT max(id) FROM lane)"
      " AND NOT EXISTS (SELECT 1 FROM batch INDEXED BY batch_lane WHERE lane = l.id)"
      " AND NOT EXISTS (SELECT 1 FROM request INDEXED BY request_queued WHERE state = 0 AND lane = l.id)"
      " AND NOT EXISTS (SELECT 1 FROM request INDEXED BY request_unbatched"
      " WHERE batch IS NULL AND state > 1 AND lane = l.id) ORDER BY id LIMIT 1");
  return lane.row() ? lane.id<core::LaneId>(0) : core::LaneId{};
}

const core::Lane& SqliteStore::lane(core::LaneId id) const {
  const auto known = lane_names_.find(id);
  CHECK(known != lane_names_.end());
  return known->second;
}

void SqliteStore::load_lanes() {
  lanes_.clear();
  lane_names_.clear();
  auto rows = db_->query("SELECT id, account, endpoint, model FROM lane");
  while (rows.row()) {
    const auto id = rows.id<core::LaneId>(0);
    const core::Lane lane{rows.text(1), rows.text(2), rows.text(3)};
    lanes_.emplace(lane, id);
    lane_names_.emplace(id, lane);
  }
}

}  // namespace batchd::storage
