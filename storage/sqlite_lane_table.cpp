// Which lanes there are. Clients name them, so there is a bound on them, and on those of one owner; one that nothing
// refers to any more makes room for the next.
#include <algorithm>

#include "storage/sqlite_impl.h"

namespace batchd::storage {
namespace {

constexpr std::int64_t kLanesMax = 1000;                  // summarise_queue() walks them all
constexpr std::int64_t kLanesOfOwnerMax = kLanesMax / 4;  // so that nobody's inventions use them up

}  // namespace

void SqliteStore::require_lanes(core::OwnerId owner, std::span<const core::Lane> lanes) {
  const auto fresh =
      std::count_if(lanes.begin(), lanes.end(), [this](const auto& lane) { return !lanes_.contains(lane); });
  if (fresh == 0) return;
  auto room = kLanesMax - static_cast<std::int64_t>(lanes_.size());
  auto own_room = kLanesOfOwnerMax - lanes_made(owner);
  if (fresh > room || fresh > own_room)
    for (const auto& [id, maker] : unused_lanes()) {
      // What these lines are about to use again makes no room for them.
      if (std::find(lanes.begin(), lanes.end(), lane(id)) != lanes.end()) continue;
      ++room;
      if (maker == owner) ++own_room;
    }
  if (fresh > own_room)
    refuse(core::Errc::queue_full, "you use more than " + std::to_string(kLanesOfOwnerMax) +
                                       " different models and accounts that nobody used before");
  if (fresh > room)
    refuse(core::Errc::queue_full,
           "more than " + std::to_string(kLanesMax) + " different models and accounts are in use");
}

core::LaneId SqliteStore::lane_id(const core::Lane& lane, core::OwnerId owner) {
  if (const auto known = lanes_.find(lane); known != lanes_.end()) return known->second;
  const bool own_full = lanes_made(owner) >= kLanesOfOwnerMax;
  if (own_full || static_cast<std::int64_t>(lanes_.size()) >= kLanesMax) {
    const auto unused = unused_lanes();
    const auto one = std::find_if(unused.begin(), unused.end(),
                                  [&](const auto& candidate) { return !own_full || candidate.second == owner; });
    if (one == unused.end()) refuse(core::Errc::queue_full, "too many different models and accounts are in use");
    lanes_changed_ = true;
    db_->run("DELETE FROM lane WHERE id = ?", one->first);
    lanes_.erase(lane_names_.at(one->first));
    lane_names_.erase(one->first);
  }
  lanes_changed_ = true;
  // Never an id that another lane had.
  const core::LaneId id{lane_names_.empty() ? 1 : lane_names_.rbegin()->first.value() + 1};
  db_->run("INSERT INTO lane(id, account, endpoint, model, made_by) VALUES(?, ?, ?, ?, ?)", id, lane.account,
           lane.endpoint, lane.model, owner);
  lanes_.emplace(lane, id);
  lane_names_.emplace(id, lane);
  return id;
}

std::int64_t SqliteStore::lanes_made(core::OwnerId owner) {
  auto made = db_->query("SELECT count(*) FROM lane WHERE made_by = ?", owner);
  return made.row() ? made.integer(0) : 0;
}

// A request refers to a lane while it is queued, by its batch, or by itself if it ended outside of one. The newest
// lane stays, so that ids go on from it.
std::vector<std::pair<core::LaneId, core::OwnerId>> SqliteStore::unused_lanes() {
  std::vector<std::pair<core::LaneId, core::OwnerId>> unused;
  auto lanes = db_->query(
      "SELECT id, made_by FROM lane l WHERE id < (SELECT max(id) FROM lane)"
      " AND NOT EXISTS (SELECT 1 FROM batch INDEXED BY batch_lane WHERE lane = l.id)"
      " AND NOT EXISTS (SELECT 1 FROM request INDEXED BY request_queued WHERE state = 0 AND lane = l.id)"
      " AND NOT EXISTS (SELECT 1 FROM request INDEXED BY request_unbatched"
      " WHERE batch IS NULL AND state > 1 AND lane = l.id) ORDER BY id");
  while (lanes.row()) unused.emplace_back(lanes.id<core::LaneId>(0), lanes.id<core::OwnerId>(1));
  return unused;
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
