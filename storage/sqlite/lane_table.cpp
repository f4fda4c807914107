// Clients name lanes, so their number is bounded, altogether and per owner. A lane that nothing refers to any more
// makes room for a new one. Suspicious queues count for nobody: a lane has one at most.
#include "storage/sqlite/lane_table.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/check.h"

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

[[noreturn]] void no_room(std::string why) { throw VerbFailed{{core::Errc::queue_full, std::move(why)}}; }

core::LaneId found_in(const std::map<core::Lane, core::LaneId>& queues, const core::Lane& lane) {
  const auto found = queues.find(lane);
  return found == queues.end() ? core::LaneId{} : found->second;
}

}  // namespace

void LaneTable::require(core::OwnerId owner, std::span<const core::Lane> lanes) {
  const auto fresh =
      std::count_if(lanes.begin(), lanes.end(), [this](const auto& lane) { return !regular_.contains(lane); });
  if (fresh == 0) return;
  LaneUse use{std::ssize(regular_), made_by(owner)};
  if (refusal_of(use, fresh).empty()) return;
  for (const auto& [id, maker] : idle()) {
    // A lane that is about to be used again makes no room.
    if (std::find(lanes.begin(), lanes.end(), row(id).names) != lanes.end()) continue;
    --use.all;
    if (maker == owner) --use.own;
  }
  if (auto why = refusal_of(use, fresh); !why.empty()) no_room(std::move(why));
}

core::LaneId LaneTable::make(const core::Lane& lane, core::OwnerId owner) {
  if (const auto known = regular_.find(lane); known != regular_.end()) return known->second;
  LaneUse use{std::ssize(regular_), made_by(owner)};
  std::vector<Idle> unused;
  if (!refusal_of(use, 1).empty()) unused = idle();
  // The owner's own lanes go first: only they help against the owner's own bound.
  std::stable_partition(unused.begin(), unused.end(), [&](const auto& candidate) { return candidate.maker == owner; });
  for (const auto& [id, maker] : unused) {
    if (refusal_of(use, 1).empty() || (use.own >= kLanesOfOwnerMax && maker != owner)) break;
    drop(id);
    --use.all;
    if (maker == owner) --use.own;
  }
  if (auto why = refusal_of(use, 1); !why.empty()) no_room(std::move(why));
  return insert(lane, owner, false);
}

core::LaneId LaneTable::make_suspicious(core::LaneId queue) {
  if (const auto known = suspicious(queue)) return known;
  return insert(row(queue).names, {}, true);
}

core::LaneId LaneTable::insert(const core::Lane& lane, core::OwnerId maker, bool suspicious) {
  changed_ = true;
  // Never an id that another queue had: the newest is never dropped.
  const core::LaneId id{rows_.empty() ? 1 : rows_.rbegin()->first.value() + 1};
  db_.run("INSERT INTO lane(id, account, endpoint, model, suspicious, made_by) VALUES(?, ?, ?, ?, ?, ?)", id,
          lane.account, lane.endpoint, lane.model, suspicious, maker);
  (suspicious ? suspicious_ : regular_).emplace(lane, id);
  rows_.emplace(id, Row{lane, suspicious});
  return id;
}

// Drops both queues of the lane.
void LaneTable::drop(core::LaneId id) {
  changed_ = true;
  const auto lane = row(id).names;
  for (auto* queues : {&regular_, &suspicious_})
    if (const auto queue = found_in(*queues, lane)) {
      db_.run("DELETE FROM lane WHERE id = ?", queue);
      queues->erase(lane);
      rows_.erase(queue);
    }
}

std::int64_t LaneTable::made_by(core::OwnerId owner) {
  auto made = db_.query("SELECT count(*) FROM lane WHERE made_by = ?", owner);
  return made.row() ? made.integer(0) : 0;
}

// A queued request refers to a queue, a batch does, and so does a request that ended outside of a batch. The newest
// queue is never idle, so that ids go on from it. A lane is in use as long as one of its queues is.
std::vector<LaneTable::Idle> LaneTable::idle() {
  std::vector<Idle> queues;
  std::set<core::LaneId> ids;
  auto rows = db_.query(
      "SELECT id, made_by FROM lane l WHERE id < (SELECT max(id) FROM lane)"
      " AND NOT EXISTS (SELECT 1 FROM batch INDEXED BY batch_lane WHERE lane = l.id)"
      " AND NOT EXISTS (SELECT 1 FROM request INDEXED BY request_queued WHERE state = 0 AND lane = l.id)"
      " AND NOT EXISTS (SELECT 1 FROM request INDEXED BY request_unbatched"
      " WHERE batch IS NULL AND state > 1 AND lane = l.id) ORDER BY id");
  while (rows.row()) {
    queues.push_back({rows.id<core::LaneId>(0), rows.id<core::OwnerId>(1)});
    ids.insert(queues.back().id);
  }
  std::erase_if(queues, [&](const Idle& queue) {
    const auto other = suspicious(queue.id);
    return row(queue.id).suspicious || (other && !ids.contains(other));
  });
  return queues;
}

const LaneTable::Row& LaneTable::row(core::LaneId queue) const {
  const auto known = rows_.find(queue);
  CHECK(known != rows_.end());
  return known->second;
}

core::LaneId LaneTable::regular(core::LaneId queue) const {
  const auto known = rows_.find(queue);
  return known == rows_.end() ? core::LaneId{} : found_in(regular_, known->second.names);
}

core::LaneId LaneTable::suspicious(core::LaneId queue) const {
  const auto known = rows_.find(queue);
  return known == rows_.end() ? core::LaneId{} : found_in(suspicious_, known->second.names);
}

void LaneTable::rolled_back() {
  if (changed_) load();
  changed_ = false;
}

void LaneTable::load() {
  regular_.clear();
  suspicious_.clear();
  rows_.clear();
  auto rows = db_.query("SELECT id, account, endpoint, model, suspicious FROM lane");
  while (rows.row()) {
    const auto id = rows.id<core::LaneId>(0);
    const core::Lane lane{rows.text(1), rows.text(2), rows.text(3)};
    const bool is_suspicious = rows.flag(4);
    (is_suspicious ? suspicious_ : regular_).emplace(lane, id);
    rows_.emplace(id, Row{lane, is_suspicious});
  }
}

}  // namespace batchd::storage
