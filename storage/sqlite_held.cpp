// Calls that are held for a client that knows no id, and their orphans.
#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<std::optional<core::RequestId>> SqliteStore::adopt_orphan(core::OwnerId owner, const std::string& call) {
  return verb([&]() -> std::optional<core::RequestId> {
    core::RequestId found;
    {
      auto oldest = db_->query(
          "SELECT request FROM held_call WHERE owner = ? AND digest = ? AND orphan = 1 ORDER BY request LIMIT 1", owner,
          Blob{call});
      if (!oldest.row()) return std::nullopt;
      found = oldest.id<core::RequestId>(0);
    }
    CHECK(db_->run("UPDATE held_call SET orphan = 0 WHERE request = ? AND orphan = 1", found) == 1);
    return found;
  });
}

core::Result<void> SqliteStore::leave_orphan(core::RequestId request) {
  return verb([&] { db_->run("UPDATE held_call SET orphan = 1 WHERE request = ?", request); });
}

core::Result<void> SqliteStore::answer_held(core::RequestId request, core::WallTime now) {
  return verb([&] {
    db_->run("DELETE FROM held_call WHERE request = ?", request);
    // One with an idempotency key (HeldBy::key) isn't: its caller may ask again.
    db_->run(
        "UPDATE request SET acked_at = ? WHERE id = ? AND held = 1 AND finished_at IS NOT NULL AND acked_at IS NULL",
        now, request);
  });
}

core::Result<void> SqliteStore::abandon_held(core::RequestId request) {
  return verb([&] { db_->run("DELETE FROM held_call WHERE request = ?", request); });
}

}  // namespace batchd::storage
