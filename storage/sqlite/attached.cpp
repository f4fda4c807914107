// Attached calls, and the orphans among them.
#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

constexpr std::int64_t kAnswerCost = 4;  // rows touched: the call, the request, their indexes

void end_call(Db& db, core::RequestId request, core::WallTime now) {
  db.run("DELETE FROM held_call WHERE request = ?", request);
  // Not a request with an idempotency key (held = 2): its caller may ask again.
  db.run("UPDATE request SET acked_at = ? WHERE id = ? AND held = 1 AND finished_at IS NOT NULL AND acked_at IS NULL",
         now, request);
}

}  // namespace

core::Result<std::optional<core::RequestId>> SqliteStore::adopt_orphan(core::OwnerId owner, const std::string& call,
                                                                       core::WallTime answered_since) {
  return verb([&]() -> std::optional<core::RequestId> {
    core::RequestId found;
    {
      auto oldest = db_->query(
          "SELECT request FROM held_call WHERE owner = ? AND digest = ? AND orphan = 1"
          " AND (answered_at IS NULL OR answered_at >= ?) ORDER BY request LIMIT 1",
          owner, Blob{call}, answered_since);
      if (!oldest.row()) return std::nullopt;
      found = oldest.id<core::RequestId>(0);
    }
    CHECK(db_->run("UPDATE held_call SET orphan = 0, answered_at = NULL WHERE request = ? AND orphan = 1", found) == 1);
    return found;
  });
}

core::Result<void> SqliteStore::orphan_call(core::RequestId request) {
  return verb([&] { db_->run("UPDATE held_call SET orphan = 1 WHERE request = ?", request); });
}

core::Result<void> SqliteStore::note_answer(core::RequestId request, core::WallTime now) {
  return verb([&] { db_->run("UPDATE held_call SET answered_at = ? WHERE request = ?", now, request); });
}

core::Result<void> SqliteStore::complete_call(core::RequestId request, core::WallTime now) {
  return verb([&] { end_call(*db_, request, now); });
}

// A caller who didn't come back within the grace will not come back.
bool SqliteStore::purge_answers(core::WallTime before, core::WallTime now, PurgeBudget& budget) {
  std::vector<core::RequestId> answered;
  bool over = true;
  {
    auto rows = db_->query("SELECT request FROM held_call INDEXED BY held_call_answered WHERE answered_at < ?", before);
    while (rows.row()) {
      if (budget.spent()) {
        over = false;
        break;
      }
      answered.push_back(rows.id<core::RequestId>(0));
      budget.rows -= kAnswerCost;
    }
  }
  for (const auto request : answered) end_call(*db_, request, now);
  return over;
}

core::Result<void> SqliteStore::abandon_call(core::RequestId request) {
  return verb([&] { db_->run("DELETE FROM held_call WHERE request = ?", request); });
}

}  // namespace batchd::storage
