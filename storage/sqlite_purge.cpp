#include "storage/sqlite_impl.h"

namespace batchd::storage {
namespace {

constexpr int kRequestsPerStep = 250;  // each touches its row, two bodies and three index entries
constexpr int kBatchesPerStep = 100;
constexpr int kKeysPerStep = 500;
constexpr int kVacuumPages = 64;

struct Doomed {
  core::RequestId id;
  core::OwnerId owner;
  core::BodyRef body, result;
};

// Members of a batch that isn't done stay: their lines may still be read.
std::vector<Doomed> doomed_requests(Db& db, core::RequestState state, core::WallTime before, int limit) {
  std::vector<Doomed> doomed;
  std::int64_t bytes = 0;
  auto rows = db.query(
      "SELECT id, owner, body, body_bytes, result, result_bytes FROM request r WHERE state = ? AND finished_at < ?"
      " AND (batch IS NULL OR (SELECT b.state FROM batch b WHERE b.id = r.batch) = 15) ORDER BY finished_at LIMIT ?",
      state, before, limit);
  while (bytes < static_cast<std::int64_t>(core::kVerbBytesMax) && rows.row()) {
    doomed.push_back({rows.id<core::RequestId>(0),
                      rows.id<core::OwnerId>(1),
                      {rows.id<core::BodyId>(2), rows.integer(3)},
                      {rows.id<core::BodyId>(4), rows.integer(5)}});
    bytes += rows.integer(3) + rows.integer(5);
  }
  return doomed;
}

std::int64_t drop_keys(Db& db, core::WallTime before) {
  std::vector<core::RequestId> old;
  auto rows = db.query("SELECT request, accepted_at FROM idempotency ORDER BY request LIMIT ?", kKeysPerStep);
  while (rows.row() && rows.time(1) < before) old.push_back(rows.id<core::RequestId>(0));
  for (const auto id : old) db.run("DELETE FROM idempotency WHERE request = ?", id);
  return static_cast<std::int64_t>(old.size());
}

// The root of a lineage stays as long as a child: creates are counted there.
std::int64_t drop_batches(Db& db, Counters& counters, core::WallTime before) {
  const auto dropped = db.run(
      "DELETE FROM batch WHERE id IN (SELECT id FROM batch b WHERE state = 15 AND state_since < ?"
      " AND NOT EXISTS (SELECT 1 FROM request r WHERE r.batch = b.id)"
      " AND NOT EXISTS (SELECT 1 FROM batch c WHERE c.root = b.id AND c.id <> b.id)"
      " AND NOT EXISTS (SELECT 1 FROM batch c WHERE c.parent = b.id) LIMIT ?)",
      before, kBatchesPerStep);
  counters.add({CounterKind::batches, static_cast<std::int64_t>(core::BatchState::done)}, -dropped);
  return dropped;
}

// Gives pages back to the file system when a good part of the file is free; what is about to be used again stays.
void shrink(Db& db) {
  const auto number = [](Query query) { return query.row() ? query.integer(0) : 0; };
  const auto free = number(db.query("PRAGMA freelist_count"));
  const auto pages = number(db.query("PRAGMA page_count"));
  if (free * 4 < pages) return;
  static_assert(kVacuumPages == 64);
  db.run("PRAGMA incremental_vacuum(64)");
}

}  // namespace

core::Result<core::Purged> SqliteStore::purge(const core::PurgeRules& rules, core::WallTime) {
  return verb([&] {
    using enum core::RequestState;
    core::Purged purged;
    purged.more = drop_garbage();
    for (const auto state : {succeeded, failed, cancelled, expired}) {
      const auto doomed = doomed_requests(*db_, state, rules.results_before, kRequestsPerStep);
      for (const auto& request : doomed) {
        drop_body(request.body);
        drop_body(request.result);
        CHECK(db_->run("DELETE FROM request WHERE id = ? AND state = ?", request.id, state) == 1);
        count_state(request.owner, state, -1);
      }
      const auto count = static_cast<std::int64_t>(doomed.size());
      counters_.add({CounterKind::purged}, count);
      purged.requests += count;
      if (count > 0) break;  // the other states' turn comes with the next call
    }
    if (purged.requests > 0) {
      purged.more = true;
      return purged;
    }
    const auto keys = drop_keys(*db_, rules.idempotency_before);
    const auto batches = drop_batches(*db_, counters_, rules.results_before);
    if (keys > 0 || batches > 0) purged.more = true;
    if (!purged.more) shrink(*db_);
    return purged;
  });
}

}  // namespace batchd::storage
