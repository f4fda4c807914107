#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

// Returns what was accepted with this key; nullopt if the key is new. Fails: conflict.
std::optional<core::Accepted> accepted_before(Db& db, core::OwnerId owner, const std::string& key,
                                              const std::string& fingerprint) {
  auto known =
      db.query("SELECT request, fingerprint, accepted_at FROM idempotency WHERE owner = ? AND key = ?", owner, key);
  if (!known.row()) return std::nullopt;
  if (known.bytes(1) != fingerprint)
    throw VerbFailed{{core::Errc::conflict, "this idempotency key was used for another request"}};
  return core::Accepted{known.id<core::RequestId>(0), known.time(2), true};
}

}  // namespace

core::Result<core::BodyId> SqliteStore::spool_begin(core::SpoolPurpose purpose, core::OwnerId owner) {
  return verb([&] {
    CHECK(owner.value() != 0 || purpose == core::SpoolPurpose::result);
    if (purpose == core::SpoolPurpose::request) {
      require_free_space();
      require_room_to_spool(owner, 0);
    }
    const auto body = next_body();
    db_->run("INSERT INTO stage(body, chunks, bytes, purpose, owner) VALUES(?, 0, 0, ?, ?)", body, purpose, owner);
    return body;
  });
}

core::Result<void> SqliteStore::spool_append(core::BodyId spooled, std::string_view chunk) {
  return verb([&] {
    std::int64_t chunks = 0;
    std::int64_t bytes = 0;
    auto purpose = core::SpoolPurpose::result;
    core::OwnerId owner;
    {
      auto row = db_->query("SELECT chunks, bytes, purpose, owner FROM stage WHERE body = ?", spooled);
      if (!row.row()) refuse(core::Errc::not_found, "no such spooled body");
      chunks = row.integer(0);
      bytes = row.integer(1);
      purpose = row.state<core::SpoolPurpose>(2);
      owner = row.id<core::OwnerId>(3);
    }
    const auto more = static_cast<std::int64_t>(chunk.size());
    CHECK(bytes == chunks * static_cast<std::int64_t>(core::kChunkBytesMax));  // only the last chunk may be shorter
    if (bytes + more > core::kResultLineBytesMax)
      refuse(core::Errc::too_large, "a body of more than " + std::to_string(core::kResultLineBytesMax) + " bytes");
    if (purpose == core::SpoolPurpose::request) {
      require_free_space();
      require_room_to_spool(owner, more);
    }
    put_chunk(spooled, chunks, chunk);
    db_->run("UPDATE stage SET chunks = chunks + 1, bytes = bytes + ? WHERE body = ?", more, spooled);
    if (purpose == core::SpoolPurpose::request) count_spooled(owner, more);
  });
}

core::Result<void> SqliteStore::spool_discard(core::BodyId spooled) {
  return verb([&] { drop_body(adopt_spooled(spooled)); });
}

core::Result<core::Accepted> SqliteStore::accept(const core::NewRequest& request, core::WallTime now) {
  return verb([&]() -> core::Accepted {
    // A request that is known is answered even if the queue or the disk is full.
    if (!request.idempotency_key.empty())
      if (const auto known = accepted_before(*db_, request.owner, request.idempotency_key, request.fingerprint))
        return *known;
    const auto bytes = body_bytes(request);
    require_free_space();
    require_room(request.owner, 1, bytes, request.spooled ? bytes : 0);
    lanes_.require(request.owner, std::span(&request.lane, 1));
    const auto id = insert_request(request, request.owner, std::nullopt, now);
    if (!request.idempotency_key.empty())
      db_->run("INSERT INTO idempotency(request, owner, key, fingerprint, accepted_at) VALUES(?, ?, ?, ?, ?)", id,
               request.owner, request.idempotency_key, Blob{request.fingerprint}, now);
    return {id, now, false};
  });
}

core::Result<std::optional<core::Accepted>> SqliteStore::find_accepted(core::OwnerId owner, const std::string& key,
                                                                       const std::string& fingerprint) {
  return verb([&] { return accepted_before(*db_, owner, key, fingerprint); });
}

std::int64_t SqliteStore::body_bytes(const core::NewRequest& request) {
  if (!request.spooled) return static_cast<std::int64_t>(request.body.size());
  auto spool = db_->query("SELECT bytes FROM stage WHERE body = ?", request.spooled);
  if (!spool.row()) refuse(core::Errc::not_found, "no such spooled body");
  return spool.integer(0);
}

core::RequestId SqliteStore::insert_request(const core::NewRequest& request, core::OwnerId owner,
                                            std::optional<PlaceInGroup> place, core::WallTime now) {
  const auto lane = lanes_.make(request.lane, owner);
  const auto body = request.spooled ? adopt_spooled(request.spooled) : put_body(request.body);
  const core::RequestId id{ids_.next(now)};
  const auto held = !request.call.empty() ? AnswersTo::call : request.keyed_call ? AnswersTo::key : AnswersTo::nobody;
  db_->run(
      "INSERT INTO request(id, owner, lane, state, body, body_bytes, tokens, client_key, created_at, queued_at,"
      " channel, labels, grp, line, deadline, fail_at_deadline, held)"
      " VALUES(?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
      id, owner, lane, body.id, body.bytes, request.tokens, request.key, now, request.channel, request.labels,
      place ? std::optional(place->group) : std::nullopt, place ? std::optional(place->line) : std::nullopt,
      request.deadline, request.fail_at_deadline && request.deadline.has_value(), held);
  if (!request.call.empty())
    db_->run("INSERT INTO held_call(request, owner, digest) VALUES(?, ?, ?)", id, owner, Blob{request.call});
  counters_.add({CounterKind::accepted}, 1);
  count_state(owner, core::RequestState::queued, 1);
  count_queue(lane, owner, 1, body.bytes, request.tokens);
  return id;
}

}  // namespace batchd::storage
