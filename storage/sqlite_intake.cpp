#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<core::BodyId> SqliteStore::stage_begin(core::Staging) {
  return verb([&] {
    const auto body = next_body();
    db_->run("INSERT INTO stage(body, chunks, bytes) VALUES(?, 0, 0)", body);
    return body;
  });
}

core::Result<void> SqliteStore::stage_append(core::BodyId stage, std::string_view chunk) {
  return verb([&] {
    std::int64_t chunks = 0;
    std::int64_t bytes = 0;
    {
      auto row = db_->query("SELECT chunks, bytes FROM stage WHERE body = ?", stage);
      if (!row.row()) refuse(core::Errc::not_found, "no such stage");
      chunks = row.integer(0);
      bytes = row.integer(1);
    }
    CHECK(bytes == chunks * static_cast<std::int64_t>(core::kChunkBytesMax));  // only the last one may be shorter
    if (bytes + static_cast<std::int64_t>(chunk.size()) > core::kResultLineBytesMax)
      refuse(core::Errc::too_large, "a body of more than " + std::to_string(core::kResultLineBytesMax) + " bytes");
    put_chunk(stage, chunks, chunk);
    db_->run("UPDATE stage SET chunks = chunks + 1, bytes = bytes + ? WHERE body = ?", chunk.size(), stage);
  });
}

core::Result<void> SqliteStore::stage_discard(core::BodyId stage) {
  return verb([&] { drop_body(adopt_stage(stage)); });
}

core::Result<core::Accepted> SqliteStore::accept(const core::NewRequest& request, core::WallTime now) {
  return verb([&]() -> core::Accepted {
    if (!request.idempotency_key.empty()) {
      auto known = db_->query("SELECT request, fingerprint, accepted_at FROM idempotency WHERE owner = ? AND key = ?",
                              request.owner, request.idempotency_key);
      if (known.row()) {
        if (known.bytes(1) != request.fingerprint)
          refuse(core::Errc::conflict, "this idempotency key was used for another request");
        return {known.id<core::RequestId>(0), known.time(2), true};
      }
    }
    const auto lane = lane_id(request.lane);
    const auto body = request.staged ? adopt_stage(request.staged) : put_body(request.body);
    const core::RequestId id{ids_.next(now)};
    db_->run(
        "INSERT INTO request(id, owner, lane, state, body, body_bytes, tokens, client_key, created_at, queued_at)"
        " VALUES(?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?8)",
        id, request.owner, lane, body.id, body.bytes, request.tokens, request.key, now);
    if (!request.idempotency_key.empty())
      db_->run("INSERT INTO idempotency(request, owner, key, fingerprint, accepted_at) VALUES(?, ?, ?, ?, ?)", id,
               request.owner, request.idempotency_key, Blob{request.fingerprint}, now);
    if (!request.call.empty())
      db_->run("INSERT INTO held_call(request, owner, digest) VALUES(?, ?, ?)", id, request.owner, Blob{request.call});
    counters_.add({CounterKind::accepted}, 1);
    count_state(request.owner, core::RequestState::queued, 1);
    count_queue(lane, request.owner, 1, body.bytes, request.tokens);
    return {id, now, false};
  });
}

core::LaneId SqliteStore::lane_id(const core::Lane& lane) {
  if (const auto known = lanes_.find(lane); known != lanes_.end()) return known->second;
  if (static_cast<std::int64_t>(lanes_.size()) >= kLanesMax)
    refuse(core::Errc::queue_full, "more than " + std::to_string(kLanesMax) + " different models and accounts");
  const core::LaneId id{static_cast<std::int64_t>(lanes_.size()) + 1};  // lanes are never deleted
  db_->run("INSERT INTO lane(id, account, endpoint, model) VALUES(?, ?, ?, ?)", id, lane.account, lane.endpoint,
           lane.model);
  lanes_changed_ = true;
  lanes_.emplace(lane, id);
  lane_names_.emplace(id, lane);
  return id;
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

void SqliteStore::count_queue(core::LaneId lane, core::OwnerId owner, std::int64_t sign, std::int64_t bytes,
                              std::int64_t tokens) {
  counters_.add({CounterKind::queue_items, lane.value(), owner.value()}, sign);
  counters_.add({CounterKind::queue_bytes, lane.value(), owner.value()}, sign * bytes);
  counters_.add({CounterKind::queue_tokens, lane.value(), owner.value()}, sign * tokens);
}

core::Result<void> SqliteStore::limit_queue(const core::QueueLimits&) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

}  // namespace batchd::storage
