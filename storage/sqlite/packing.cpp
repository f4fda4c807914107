#include <algorithm>

#include "storage/sqlite/impl.h"

namespace batchd::storage {
std::optional<core::WallTime> SqliteStore::oldest_queued(core::LaneId lane, core::OwnerId owner) {
  auto oldest =
      db_->query("SELECT min(queued_at) FROM request WHERE state = 0 AND lane = ? AND owner = ?", lane, owner);
  if (!oldest.row()) return std::nullopt;
  return oldest.maybe_time(0);
}

std::optional<core::WallTime> SqliteStore::nearest_deadline(core::LaneId lane, core::OwnerId owner) {
  auto nearest = db_->query(
      "SELECT deadline FROM request INDEXED BY request_urgent"
      " WHERE state = 0 AND deadline IS NOT NULL AND lane = ? AND owner = ? ORDER BY deadline LIMIT 1",
      lane, owner);
  if (!nearest.row()) return std::nullopt;
  return nearest.time(0);
}

core::Result<std::vector<core::LaneQueue>> SqliteStore::summarise_queue() {
  return verb([&] {
    std::vector<core::LaneQueue> queues;
    counters_.each(CounterKind::queue_items, [&](const Counters::Key& key, std::int64_t items) {
      const core::LaneId lane_of{key.a};
      const auto& row = lanes_.row(lane_of);
      if (queues.empty() || queues.back().id != lane_of) queues.push_back({lane_of, row.names, row.suspicious, {}});
      const core::OwnerId owner{key.b};
      const auto oldest = oldest_queued(lane_of, owner);
      CHECK(oldest.has_value());  // else the counter is wrong
      queues.back().owners.push_back({owner, items, counters_.value({CounterKind::queue_bytes, key.a, key.b}),
                                      counters_.value({CounterKind::queue_tokens, key.a, key.b}), *oldest,
                                      nearest_deadline(lane_of, owner),
                                      row.suspicious ? suspicion_in(lane_of, owner) : core::Suspicion{}});
    });
    return queues;
  });
}

core::Result<core::BudgetUse> SqliteStore::budget_use(const std::string& account, core::WallTime now,
                                                      core::Duration file_lifetime, std::int64_t frame_bytes) {
  return verb([&] {
    core::BudgetUse use;
    const auto since = now - file_lifetime;
    const auto sum = [](Query query) { return query.row() ? query.integer(0) : 0; };
    for (const auto& [id, row] : lanes_.rows()) {
      if (row.names.account != account) continue;
      // sealing, sealed, uploading, uploaded, creating, submitted, unclear, fencing, lost; and held, while it has
      // packed members
      use.jobs +=
          sum(db_->query("SELECT count(*) FROM batch WHERE lane = ? AND (state IN (0, 1, 2, 3, 4, 5, 6, 7, 11)"
                         " OR (state = 12 AND packed > 0))",
                         id));
      if (file_lifetime == core::Duration::zero()) continue;
      // Files that are being uploaded, or will be, count as stored.
      use.stored_bytes += sum(db_->query(
          "SELECT sum(body_bytes + items * ?) FROM batch WHERE lane = ? AND state IN (0, 1, 2) AND uploaded_at IS NULL",
          frame_bytes, id));
      use.stored_bytes += sum(db_->query(
          "SELECT sum(body_bytes + items * ?) FROM batch WHERE lane = ? AND uploaded_at > ? AND file_deleted = 0",
          frame_bytes, id, since));
      use.stored_bytes +=
          sum(db_->query("SELECT sum(result_bytes) FROM batch WHERE lane = ? AND ended_at > ?", id, since));
    }
    return use;
  });
}

core::Result<core::BatchId> SqliteStore::open_batch(core::LaneId lane_of, core::SealReason reason, core::WallTime now) {
  return verb([&] {
    if (!lanes_.contains(lane_of))
      refuse(core::Errc::not_found, "no such lane");  // dropped meanwhile to make room for another
    return insert_batch(lane_of, reason, nullptr, now);
  });
}

Query SqliteStore::claimable(core::LaneId lane, core::OwnerId owner, std::optional<core::WallTime> urgent_before) {
  constexpr int kLimit = kVerbWrites + 1;
  if (urgent_before)
    return db_->query(
        "SELECT id, body_bytes, tokens FROM request INDEXED BY request_urgent"
        " WHERE state = 0 AND deadline IS NOT NULL AND lane = ? AND owner = ? AND deadline < ?"
        " ORDER BY deadline, id LIMIT ?",
        lane, owner, *urgent_before, kLimit);
  return db_->query(
      "SELECT id, body_bytes, tokens FROM request WHERE state = 0 AND lane = ? AND owner = ?"
      " ORDER BY queued_at, id LIMIT ?",
      lane, owner, kLimit);
}

core::Result<core::Claimed> SqliteStore::claim(core::BatchId id, core::OwnerId owner, const core::ClaimLimit& limit,
                                               std::optional<core::WallTime> urgent_before, core::WallTime) {
  return verb([&] {
    auto batch = load_in(id, {core::BatchState::sealing});
    CHECK(!batch.parent);  // children are filled by split() only
    core::Claimed taken;
    std::vector<core::RequestId> members;
    {
      auto rows = claimable(batch.lane_id, owner, urgent_before);
      while (rows.row()) {
        const auto bytes = rows.integer(1);
        const auto tokens = rows.integer(2);
        const bool fits =
            taken.items < limit.items && bytes <= limit.bytes - taken.bytes && tokens <= limit.tokens - taken.tokens;
        const bool first = batch.items == 0 && taken.items == 0;
        if (!fits && !first) break;
        if (taken.items == kVerbWrites) {
          taken.more = true;
          break;
        }
        members.push_back(rows.id<core::RequestId>(0));
        taken.items += 1;
        taken.bytes += bytes;
        taken.tokens += tokens;
      }
    }
    if (members.empty()) return taken;
    std::sort(members.begin(), members.end());  // neighbouring rows are written together
    for (const auto member : members)
      CHECK(db_->run("UPDATE request SET state = 1, batch = ?2, last_batch = ?2 WHERE id = ?1 AND state = 0", member,
                     id) == 1);
    count_queue(batch.lane_id, owner, -taken.items, -taken.bytes, -taken.tokens);
    count_state(owner, core::RequestState::queued, -taken.items);
    count_state(owner, core::RequestState::packed, taken.items);
    batch.items += taken.items;
    batch.packed += taken.items;
    batch.body_bytes += taken.bytes;
    batch.tokens += taken.tokens;
    save(batch, batch.state);
    return taken;
  });
}

core::Result<core::Batch> SqliteStore::seal(core::BatchId id, core::WallTime now) {
  return verb([&]() -> core::Batch {
    auto batch = load_in(id, {core::BatchState::sealing});
    CHECK(!batch.parent);
    move(batch, batch.packed > 0 ? core::BatchState::sealed : core::BatchState::unsealed, now);
    return batch;
  });
}

}  // namespace batchd::storage
