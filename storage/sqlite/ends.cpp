// How members leave a batch. The first end wins: only a packed member changes.
#include "storage/sqlite/impl.h"
#include "storage/sqlite/members.h"

namespace batchd::storage {
namespace {

// Returns the error as the request's owner gets it. The provider counts lines of the batch, the owner those of the file
// that was sent.
core::RequestError in_words_of_group(core::RequestError error, std::int64_t line) {
  if (line == 0) return error;
  error.message.insert(0, "line " + std::to_string(line) + " of your group: ");
  if (error.message.size() <= core::kProviderMessageBytesMax) return error;
  auto end = core::kProviderMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(error.message[end]) & 0xC0) == 0x80) --end;  // not inside a character
  error.message.resize(end);
  return error;
}

}  // namespace

std::int64_t SqliteStore::next_completion() {
  counters_.add({CounterKind::completion}, 1);
  return counters_.value({CounterKind::completion});
}

void SqliteStore::leaves(BatchRow& batch, const Member& member, core::RequestState to) {
  CHECK(core::allowed(core::RequestState::packed, to));
  count_state(member.owner, core::RequestState::packed, -1);
  count_state(member.owner, to, 1);
  --batch.packed;
  CHECK(batch.packed >= 0);
}

void SqliteStore::requeue(BatchRow& batch, const Member& member, int attempts, core::WallTime queued_at) {
  const auto lane = lanes_.regular(batch.lane_id);
  CHECK(lane);  // a lane is kept as long as it has a batch
  CHECK(db_->run("UPDATE request SET state = 0, batch = NULL, lane = ?, attempts = ?, queued_at = ?"
                 " WHERE id = ? AND state = 1 AND batch = ?",
                 lane, attempts, queued_at, member.id, batch.id) == 1);
  leaves(batch, member, core::RequestState::queued);
  count_suspects(batch.lane_id, member.owner, -1);
  count_queue(lane, member.owner, 1, member.body_bytes, member.tokens);
}

// The request keeps its place in the queue, since it has waited all the time.
void SqliteStore::give_back(BatchRow& batch, const Member& member) {
  CHECK(db_->run("UPDATE request SET state = 0, batch = NULL WHERE id = ? AND state = 1 AND batch = ?", member.id,
                 batch.id) == 1);
  leaves(batch, member, core::RequestState::queued);
  count_queue(batch.lane_id, member.owner, 1, member.body_bytes, member.tokens);
}

void SqliteStore::fail(BatchRow& batch, const Member& member, core::RequestState end, int attempts,
                       const core::RequestError& error, core::WallTime now) {
  CHECK(core::is_terminal(end) && end != core::RequestState::succeeded);
  CHECK(db_->run("UPDATE request SET state = ?, finished_at = ?, attempts = ?, error_class = ?, error_code = ?,"
                 " error_status = ?, error_message = ?, error_http = ?, error_body = ?, error_source = ?,"
                 " completion = ? WHERE id = ? AND state = 1 AND batch = ?",
                 end, now, attempts, error.kind, error.code, error.status, error.message, error.http_status, error.body,
                 error.source, next_completion(), member.id, batch.id) == 1);
  leaves(batch, member, end);
  count_suspects(batch.lane_id, member.owner, -1);
  ++batch.lines.failed;
}

void SqliteStore::succeed(BatchRow& batch, const Member& member, core::BodyRef line,
                          const core::RequestOutcome& outcome, core::WallTime now) {
  CHECK(db_->run("UPDATE request SET state = 2, finished_at = ?, result = ?, result_bytes = ?, value_offset = ?,"
                 " value_bytes = ?, completion = ? WHERE id = ? AND state = 1 AND batch = ?",
                 now, line.id, line.bytes, outcome.value_offset, outcome.value_bytes, next_completion(), member.id,
                 batch.id) == 1);
  leaves(batch, member, core::RequestState::succeeded);
  count_suspects(batch.lane_id, member.owner, -1);
  ++batch.lines.succeeded;
}

core::Result<core::Recorded> SqliteStore::settle_absent(core::BatchId id, const core::AbsentVerdict& verdict,
                                                        int max_attempts, core::WallTime now) {
  return verb([&] {
    CHECK(verdict.fate != core::AbsentFate::bisect && verdict.fate != core::AbsentFate::hold);
    using enum core::BatchState;
    auto batch = load_in(id, {collecting, refused, fenced, unsealed});
    const bool expired = batch.end == core::JobEnd::expired;
    core::Recorded recorded;
    for (const auto& member : packed_members(*db_, id, kVerbWrites)) {
      const bool free = verdict.fate == core::AbsentFate::requeue_free;
      const int attempts = member.attempts + (free ? 0 : 1);
      auto next = core::RequestState::queued;
      if (verdict.fate == core::AbsentFate::fail) next = core::RequestState::failed;
      if (verdict.fate == core::AbsentFate::requeue) next = core::after_attempt(attempts, max_attempts, expired);
      if (next == core::RequestState::queued) {
        requeue(batch, member, attempts, now);
        ++batch.lines.requeued;
        ++recorded.requeued;
      } else {
        fail(batch, member, next, attempts, verdict.cause, now);
        add_end(recorded, member.id, member.owner, next);
      }
      ++batch.lines.missing;
      if (verdict.possibly_charged) ++batch.lines.possibly_charged;
    }
    save(batch, batch.state);
    recorded.more = batch.packed > 0;
    return recorded;
  });
}

core::Result<core::Recorded> SqliteStore::fail_members(core::BatchId id, const core::RequestError& error,
                                                       core::WallTime now) {
  return verb([&] {
    using enum core::BatchState;
    auto batch = load_in(id, {collecting, refused, fenced, unsealed});
    core::Recorded recorded;
    for (const auto& member : packed_members(*db_, id, kVerbWrites)) {
      fail(batch, member, core::RequestState::failed, member.attempts, error, now);
      add_end(recorded, member.id, member.owner, core::RequestState::failed);
    }
    save(batch, batch.state);
    recorded.more = batch.packed > 0;
    return recorded;
  });
}

core::Result<core::Recorded> SqliteStore::fail_lines(core::BatchId id, std::span<const core::LineRefusal> lines,
                                                     core::WallTime now) {
  return verb([&] {
    using enum core::BatchState;
    auto batch = load_in(id, {collecting, refused, fenced, unsealed});
    std::vector<std::int64_t> numbers;
    numbers.reserve(lines.size());
    for (const auto& refused_line : lines) numbers.push_back(refused_line.line);
    const auto found = members_on(*db_, id, numbers, kVerbWrites);
    core::Recorded recorded;
    for (const auto& [index, member, group_line] : found.members) {
      fail(batch, member, core::RequestState::failed, member.attempts,
           in_words_of_group(lines[index].error, group_line), now);
      add_end(recorded, member.id, member.owner, core::RequestState::failed);
    }
    save(batch, batch.state);
    recorded.more = found.more;
    return recorded;
  });
}

core::Result<core::Recorded> SqliteStore::return_members(core::BatchId id, core::WallTime) {
  return verb([&] {
    auto batch = load_in(id, {core::BatchState::unsealed});
    core::Recorded recorded;
    for (const auto& member : packed_members(*db_, id, kVerbWrites)) {
      give_back(batch, member);
      ++recorded.requeued;
    }
    save(batch, batch.state);
    recorded.more = batch.packed > 0;
    return recorded;
  });
}

}  // namespace batchd::storage
