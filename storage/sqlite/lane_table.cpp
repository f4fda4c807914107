// Which lanes there are. Clients name lanes, so their number is bounded, altogether and per owner. A lane that nothing
// refers to any more makes room for a new one.
#include <algorithm>

#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

constexpr std::int64_t kLanesMax = 1000;                  // summarise_queue() looks at all of them
constexpr std::int64_t kLanesOfOwnerMax = kLanesMax / 4;  // so that one owner's inventions don't use them up

// How many lanes there are, and how many of them one owner has made.
struct LaneUse {
  std::int64_t all = 0, own = 0;
};

// Returns why an owner can't make `fresh` more lanes; empty if the owner can. No owner may have more lanes than are
// left for others, plus one, so that a few owners together don't use them up either: each newcomer can get half of what
// is left, and at least one while any is left.
std::string refusal_of(const LaneUse& use, std::int64_t fresh) {
  if (use.own + fresh > kLanesOfOwnerMax)
    return "you use more than " + std::to_string(kLanesOfOwnerMax) +
           " different models and accounts that nobody used before";
  const auto left = kLanesMax - use.all - fresh;
  if (left < 0) return "more than " + std::to_string(kLanesMax) + " different models and accounts are in use";
  if (use.own + fresh > left + 1)
    return "you use " + std::to_string(use.own) + " different models and accounts that nobody used before, and of " +
           std::to_string(kLanesMax) + " all but " + std::to_string(kLanesMax - use.all) +
           " are in use: the rest is for others";
  return {};
}

}  // namespace

void SqliteStore::require_lanes(core::OwnerId owner, std::span<const core::Lane> lanes) {
  const auto fresh =
      std::count_if(lanes.begin(), lanes.end(), [this](const auto& lane) { return !lanes_.contains(lane); });
  if (fresh == 0) return;
  LaneUse use{std::ssize(lanes_), lanes_made(owner)};
  if (refusal_of(use, fresh).empty()) return;
  for (const auto& [id, maker] : unused_lanes()) {
    // A lane that is about to be used again makes no room.
    if (std::find(lanes.begin(), lanes.end(), lane(id)) != lanes.end()) continue;
    --use.all;
    if (maker == owner) --use.own;
  }
  if (auto why = refusal_of(use, fresh); !why.empty()) refuse(core::Errc::queue_full, std::move(why));
}

core::LaneId SqliteStore::lane_id(const core::Lane& lane, core::OwnerId owner) {
  if (const auto known = lanes_.find(lane); known != lanes_.end()) return known->second;
  LaneUse use{std::ssize(lanes_), lanes_made(owner)};
  std::vector<std::pair<core::LaneId, core::OwnerId>> unused;
  if (!refusal_of(use, 1).empty()) unused = unused_lanes();
  // The owner's own lanes go first: only they help against the owner's own bound.
  std::stable_partition(unused.begin(), unused.end(), [&](const auto& candidate) { return candidate.second == owner; });
  for (const auto& [id, maker] : unused) {
    if (refusal_of(use, 1).empty() || (use.own >= kLanesOfOwnerMax && maker != owner)) break;
    lanes_changed_ = true;
    db_->run("DELETE FROM lane WHERE id = ?", id);
    lanes_.erase(lane_names_.at(id));
    lane_names_.erase(id);
    --use.all;
    if (maker == owner) --use.own;
  }
  if (auto why = refusal_of(use, 1); !why.empty()) refuse(core::Errc::queue_full, std::move(why));
  lanes_changed_ = true;
  // Never an id that another lane had: the newest lane is never dropped.
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

// A queued request refers to a lane, a batch does, and so does a request that ended outside of a batch. The newest lane
// is never unused, so that ids go on from it.
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
