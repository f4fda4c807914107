// Suspicious queues: requests that were refused together with others, so often that finding out which of them are at
// fault would take more creates than their owner may have at once.
#include <set>
#include <utility>

#include "storage/sqlite/impl.h"
#include "storage/sqlite/members.h"

namespace batchd::storage {

void SqliteStore::count_suspects(core::LaneId queue, core::OwnerId owner, std::int64_t delta) {
  if (!lanes_.contains(queue) || !lanes_.row(queue).suspicious) return;
  const Counters::Key suspects{CounterKind::suspects, queue.value(), owner.value()};
  counters_.add(suspects, delta);
  const auto left = counters_.value(suspects);
  CHECK(left >= 0);
  if (left == 0) db_->run("DELETE FROM suspicion WHERE lane = ? AND owner = ?", queue, owner);
}

core::Suspicion SqliteStore::suspicion_in(core::LaneId queue, core::OwnerId owner) {
  auto row = db_->query("SELECT since, next_at, items FROM suspicion WHERE lane = ? AND owner = ?", queue, owner);
  CHECK(row.row());
  return {.since = row.time(0), .next_at = row.time(1), .items = row.integer(2)};
}

// Returns the queue from which a suspicious batch is, and its owner.
std::pair<core::LaneId, core::OwnerId> SqliteStore::suspected_by(core::BatchId id) {
  const auto batch = load(id);
  auto member = db_->query("SELECT owner FROM request WHERE batch = ? AND state = 1 LIMIT 1", id);
  if (!batch.suspicious || !member.row())
    refuse(core::Errc::not_found, "batch " + to_text(id) + " has no suspicious request");
  return {batch.lane_id, member.id<core::OwnerId>(0)};
}

// The requests keep their places, since they have waited all the time.
core::Result<core::Recorded> SqliteStore::suspect_members(core::BatchId id, core::WallTime now) {
  return verb([&] {
    auto batch = load_in(id, {core::BatchState::refused});
    core::Recorded recorded;
    if (batch.packed == 0) return recorded;
    const auto queue = lanes_.make_suspicious(batch.lane_id);
    std::set<core::OwnerId> owners;
    for (const auto& member : packed_members(*db_, id, kVerbWrites)) {
      CHECK(db_->run("UPDATE request SET state = 0, batch = NULL, lane = ? WHERE id = ? AND state = 1 AND batch = ?",
                     queue, member.id, id) == 1);
      leaves(batch, member, core::RequestState::queued);
      count_queue(queue, member.owner, 1, member.body_bytes, member.tokens);
      if (!batch.suspicious) count_suspects(queue, member.owner, 1);
      owners.insert(member.owner);
      ++recorded.requeued;
    }
    const auto first = core::first_suspicion(now);
    for (const auto owner : owners)
      db_->run("INSERT INTO suspicion(lane, owner, since, next_at, items) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
               queue, owner, first.since, first.next_at, first.items);
    recorded.more = batch.packed > 0;
    // What is left must go the same way after a restart, whatever is known by then: the batch has lost lines of its
    // input file.
    if (recorded.more) batch.refusal = core::RefusedFor::bound;
    save(batch, batch.state);
    return recorded;
  });
}

core::Result<core::Suspicion> SqliteStore::suspicion(core::BatchId batch) {
  return verb([&] {
    const auto [queue, owner] = suspected_by(batch);
    return suspicion_in(queue, owner);
  });
}

core::Result<void> SqliteStore::set_suspicion(core::BatchId batch, const core::Suspicion& suspicion) {
  return verb([&] {
    const auto [queue, owner] = suspected_by(batch);
    CHECK(db_->run("UPDATE suspicion SET since = ?, next_at = ?, items = ? WHERE lane = ? AND owner = ?",
                   suspicion.since, suspicion.next_at, suspicion.items, queue, owner) == 1);
  });
}

core::Result<std::int64_t> SqliteStore::renew_suspicion(const core::LaneSelector& lanes, core::WallTime now) {
  return verb([&] {
    std::int64_t waiting = 0;
    for (const auto& [queue, row] : lanes_.rows())
      if (row.suspicious && core::matches(lanes, row.names))
        db_->run("UPDATE suspicion SET since = ? WHERE lane = ?", now, queue);
    counters_.each(CounterKind::queue_items, [&](const Counters::Key& key, std::int64_t items) {
      const auto& row = lanes_.row(core::LaneId{key.a});
      if (row.suspicious && core::matches(lanes, row.names)) waiting += items;
    });
    return waiting;
  });
}

}  // namespace batchd::storage
