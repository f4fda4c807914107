// Two passes that look for damage. Findings have ids and numbers in them, nothing of what callers wrote. Nothing is
// repaired: a body without an owner may be what is left of a row that was lost, and somebody's paid result.
#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

constexpr std::int64_t kRequestsPerCall = 250;  // for each its batch, its group and the sizes of two bodies are read

constexpr int kUploadsPerCall = 250;  // for each its batch is looked for

std::string of_request(core::RequestId id) { return "request " + to_text(id) + ": "; }

}  // namespace

core::Result<core::AuditStep> SqliteStore::audit_bodies(std::int64_t after) {
  return verb([&] {
    core::AuditStep step;
    std::size_t bytes = 0;
    auto body = after / kChunksPerBody;
    auto rows = db_->query("SELECT id, digest, data FROM chunk WHERE id > ? ORDER BY id", after);
    while (rows.row()) {
      if (bytes >= core::kVerbBytesMax || step.checked == core::kVerbRowsMax) {
        step.next = after;
        break;
      }
      after = rows.integer(0);
      const auto data = rows.bytes(2);
      ++step.checked;
      bytes += data.size();
      if (chunk_digest(after, data) != rows.integer(1))
        step.findings.push_back("body " + std::to_string(after / kChunksPerBody) + ", chunk " +
                                std::to_string(after % kChunksPerBody) + ": bytes don't match their digest");
      if (after / kChunksPerBody == body) continue;
      body = after / kChunksPerBody;
      if (is_orphan(body))
        step.findings.push_back("body " + std::to_string(body) + ": no request and no result owns it");
    }
    if (!step.next) body_owners_.forget();
    return step;
  });
}

core::Result<core::AuditStep> SqliteStore::audit_requests(std::int64_t after) {
  return verb([&] {
    if (after == 0) {
      body_owners_.begin(last_body_);
      auto stages = db_->query("SELECT body FROM stage");
      while (stages.row()) body_owners_.own(stages.integer(0));
    }
    const bool notes_owners = body_owners_.follows(after);
    const auto from = after;
    core::AuditStep step;
    std::int64_t chunks = 0;
    // Ids of batches and of requests are drawn from the same source: rows of both kinds are looked at side by side.
    const auto uploads = audit_uploads(after);
    auto rows = db_->query(
        "SELECT id, lane, state, batch, (SELECT b.state FROM batch b WHERE b.id = r.batch), body, body_bytes,"
        " result, result_bytes, value_offset, value_bytes, finished_at, completion, error_code,"
        " grp IS NOT NULL AND NOT EXISTS (SELECT 1 FROM request_group g WHERE g.id = r.grp),"
        " EXISTS (SELECT 1 FROM suspicion s WHERE s.lane = r.lane AND s.owner = r.owner)"
        " FROM request r WHERE id > ? AND id <= ? ORDER BY id",
        after, uploads.up_to);
    while (rows.row()) {
      if (step.checked == kRequestsPerCall || chunks >= core::kVerbRowsMax) {
        step.next = after;
        break;
      }
      after = rows.integer(0);
      ++step.checked;
      chunks += audit_request(rows, step.findings);
      if (!notes_owners) continue;
      body_owners_.own(rows.integer(5));
      if (!rows.is_null(7)) body_owners_.own(rows.integer(7));
    }
    if (!step.next && uploads.up_to < INT64_MAX) step.next = uploads.up_to;
    for (const auto batch : uploads.without_batch)
      if (batch.value() <= step.next.value_or(INT64_MAX))
        step.findings.push_back("batch " + to_text(batch) + ": it has uploads, but is missing");
    if (notes_owners) body_owners_.step(from, step.next);
    return step;
  });
}

std::int64_t SqliteStore::audit_request(const Query& row, std::vector<std::string>& findings) {
  const auto finding = [&](const std::string& what) {
    findings.push_back(of_request(row.id<core::RequestId>(0)) + what);
  };
  const auto body = audit_body({row.id<core::BodyId>(5), row.integer(6)});
  if (!body.whole) finding("its body " + std::to_string(row.integer(5)) + " isn't there as it was stored");
  auto chunks = body.chunks;
  const bool has_result = !row.is_null(7);
  if (has_result) {
    const auto result = audit_body({row.id<core::BodyId>(7), row.integer(8)});
    if (!result.whole) finding("its result " + std::to_string(row.integer(7)) + " isn't there as it was stored");
    chunks += result.chunks;
    if (row.integer(9) < 0 || row.integer(10) < 0 || row.integer(9) > row.integer(8) - row.integer(10))
      finding("its response isn't within its result");
  }
  const auto lane_of = row.id<core::LaneId>(1);
  if (!lanes_.contains(lane_of)) finding("its lane is missing");
  if (row.flag(14)) finding("its group is missing");
  if (!row.is_null(3) && row.is_null(4)) finding("its batch " + to_text(row.id<core::BatchId>(3)) + " is missing");

  const auto state = row.integer(2);
  if (state < 0 || state >= static_cast<std::int64_t>(core::kRequestStates)) {
    finding("no such state: " + std::to_string(state));
    return chunks;
  }
  using enum core::RequestState;
  const auto is = static_cast<core::RequestState>(state);
  const auto word = std::string(core::to_text(is));
  const bool suspicious = lanes_.contains(lane_of) && lanes_.row(lane_of).suspicious;
  if (suspicious && !core::is_terminal(is) && !row.flag(15)) finding("suspicious, but its owner isn't");
  if (is == queued && !row.is_null(3)) finding("queued, but in a batch");
  if (is == packed && row.is_null(3)) finding("packed, but in no batch");
  if (is == packed && row.integer(4) == static_cast<std::int64_t>(core::BatchState::done))
    finding("packed, but its batch is done");
  if (core::is_terminal(is) != !row.is_null(11)) finding(word + ", which its time of finishing belies");
  if (core::is_terminal(is) != !row.is_null(12)) finding(word + ", which its completion number belies");
  if ((is == succeeded) != has_result) finding(word + (has_result ? ", with a result" : ", without a result"));
  if (is == failed && row.is_null(13)) finding("failed, without an error");
  return chunks;
}

AuditedUploads SqliteStore::audit_uploads(std::int64_t after) {
  AuditedUploads audited;
  int looked_at = 0;
  core::BatchId last;
  auto rows = db_->query(
      "SELECT batch, EXISTS(SELECT 1 FROM batch b WHERE b.id = u.batch) FROM upload u WHERE batch > ?"
      " ORDER BY batch LIMIT ?",
      after, kUploadsPerCall);
  for (; rows.row(); ++looked_at) {
    const bool seen = last == rows.id<core::BatchId>(0);
    last = rows.id<core::BatchId>(0);
    if (!seen && !rows.flag(1)) audited.without_batch.push_back(last);
  }
  if (looked_at == kUploadsPerCall) audited.up_to = last.value();  // its other rows have the same batch
  return audited;
}

// Sizes only: audit_bodies() checks the digests.
AuditedBody SqliteStore::audit_body(core::BodyRef body) {
  const auto first = chunk_row(body.id, 0);
  auto sum = db_->query("SELECT count(*), ifnull(sum(length(data)), 0), max(id) FROM chunk WHERE id BETWEEN ? AND ?",
                        first, chunk_row(body.id, kChunksPerBody - 1));
  CHECK(sum.row());
  const auto chunks = sum.integer(0);
  const bool whole =
      sum.integer(1) == body.bytes && chunks == chunks_of(body.bytes) && sum.integer(2) == first + chunks - 1;
  return {chunks, whole};
}

// Garbage isn't an orphan: it is known, and will be removed.
bool SqliteStore::is_orphan(std::int64_t body) {
  if (!body_owners_.complete() || body_owners_.owned(body)) return false;
  return !db_->query("SELECT 1 FROM garbage WHERE body = ?", body).row();
}

}  // namespace batchd::storage
