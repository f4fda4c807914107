// Ends before any result, by the owner or by a deadline. The first end wins: only queued and packed requests are ended.
// A packed member stays a line of its batch, so that the batch's input file can still be read.
#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

core::RequestError early(core::RequestState end) {
  if (end == core::RequestState::expired)
    return core::own_error(core::ErrorClass::expired, "its deadline passed before a result came");
  return core::own_error(core::ErrorClass::cancelled, "cancelled by its owner");
}

}  // namespace

void SqliteStore::end_early(const Unfinished& request, core::RequestState end, core::WallTime now, Touched& batches,
                            core::Recorded& recorded) {
  const auto error = early(end);
  CHECK(core::allowed(request.state, end));
  CHECK(db_->run("UPDATE request SET state = ?, finished_at = ?, error_class = ?, error_code = ?, error_status = ?,"
                 " error_message = ?, error_http = ?, error_body = ?, error_source = ?, completion = ?"
                 " WHERE id = ? AND state = ?",
                 end, now, error.kind, error.code, error.status, error.message, error.http_status, error.body,
                 error.source, next_completion(), request.id, request.state) == 1);
  if (end == core::RequestState::cancelled)  // the same call made again is a new call
    db_->run("DELETE FROM held_call WHERE request = ?", request.id);
  count_state(request.owner, request.state, -1);
  count_state(request.owner, end, 1);
  count_suspects(request.lane, request.owner, -1);
  if (request.state == core::RequestState::queued) {
    count_queue(request.lane, request.owner, -1, -request.body_bytes, -request.tokens);
  } else {
    auto batch = batches.find(request.batch);
    if (batch == batches.end()) batch = batches.emplace(request.batch, load(request.batch)).first;
    --batch->second.packed;
    CHECK(batch->second.packed >= 0);
  }
  add_end(recorded, request.id, request.owner, end);
}

std::vector<core::BatchId> SqliteStore::save_touched(const Touched& batches) {
  std::vector<core::BatchId> deserted;
  for (const auto& [id, batch] : batches) {
    CHECK(!core::is_terminal(batch.state));  // a batch that is done has no packed member
    save(batch, batch.state);
    if (batch.packed == 0) deserted.push_back(id);
  }
  return deserted;
}

core::Result<core::Cancelled> SqliteStore::cancel(core::OwnerId owner, core::RequestId id, core::WallTime now) {
  return verb([&] {
    Unfinished request{id, owner};
    {
      auto row = db_->query("SELECT state, lane, batch, body_bytes, tokens FROM request WHERE id = ? AND owner = ?", id,
                            owner);
      if (!row.row()) refuse(core::Errc::not_found, "no request " + to_text(id));
      request.state = row.state<core::RequestState>(0);
      request.lane = row.id<core::LaneId>(1);
      request.batch = row.id<core::BatchId>(2);
      request.body_bytes = row.integer(3);
      request.tokens = row.integer(4);
    }
    if (core::is_terminal(request.state))
      refuse(core::Errc::conflict,
             "request " + to_text(id) + " is " + std::string(core::to_text(request.state)) + " already");
    core::Cancelled cancelled;
    cancelled.was = request.state;
    Touched batches;
    end_early(request, core::RequestState::cancelled, now, batches, cancelled.recorded);
    if (const auto deserted = save_touched(batches); !deserted.empty()) cancelled.deserted = deserted.front();
    return cancelled;
  });
}

core::Result<core::Expired> SqliteStore::expire_due(core::WallTime now) {
  return verb([&] {
    std::vector<Unfinished> due;
    {
      auto rows = db_->query(
          "SELECT id, owner, lane, state, batch, body_bytes, tokens FROM request INDEXED BY request_due"
          " WHERE fail_at_deadline = 1 AND state < 2 AND deadline <= ? ORDER BY deadline LIMIT ?",
          now, kVerbWrites);
      while (rows.row())
        due.push_back({rows.id<core::RequestId>(0), rows.id<core::OwnerId>(1), rows.id<core::LaneId>(2),
                       rows.state<core::RequestState>(3), rows.id<core::BatchId>(4), rows.integer(5), rows.integer(6)});
    }
    core::Expired expired;
    Touched batches;
    for (const auto& request : due) end_early(request, core::RequestState::expired, now, batches, expired.recorded);
    expired.deserted = save_touched(batches);
    auto next =
        db_->query("SELECT min(deadline) FROM request INDEXED BY request_due WHERE fail_at_deadline = 1 AND state < 2");
    if (next.row()) expired.next = next.maybe_time(0);
    return expired;
  });
}

}  // namespace batchd::storage
