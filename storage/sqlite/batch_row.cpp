// Batch rows, each read as a whole and written as a whole.
#include <algorithm>

#include "storage/sqlite/error_row.h"
#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

// Column batch.results: names, none of which has a newline in it.
std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : "\n") + names[i];
  return text;
}
std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    names.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

}  // namespace

BatchRow SqliteStore::load(core::BatchId id) {
  auto row = db_->query(
      "SELECT lane, state, reason, items, body_bytes, tokens, packed, parent, root, fences,"
      " CASE part WHEN 0 THEN root ELSE part END,"
      " (SELECT p.creates FROM batch p WHERE p.id = CASE b.part WHEN 0 THEN b.root ELSE b.part END), created_at,"
      " state_since,"
      " upload_n, input_file, upload_variant, upload_session, uploaded_at, file_deleted,"
      " tag, credential, create_at, not_before, throttled, throttles, fence_begun, refusal, released,"
      " job, submitted_at, ended_at, end, failed_for, error_class, error_code, error_status, error_message,"
      " error_http, error_body, error_source, message, results, result_bytes,"
      " succeeded, failed, requeued, missing, possibly_charged, dropped, \"foreign\", unreadable,"
      " split_rule, split_first, split_owners, charged, cancel_asked, unexplained_since FROM batch b WHERE id = ?",
      id);
  if (!row.row()) refuse(core::Errc::not_found, "no batch " + to_text(id));
  BatchRow batch;
  int at = 0;
  batch.id = id;
  batch.lane_id = row.id<core::LaneId>(at++);
  batch.lane = lane(batch.lane_id);
  batch.suspicious = lanes_.row(batch.lane_id).suspicious;
  batch.state = row.state<core::BatchState>(at++);
  batch.reason = row.state<core::SealReason>(at++);
  batch.items = row.integer(at++);
  batch.body_bytes = row.integer(at++);
  batch.tokens = row.integer(at++);
  batch.packed = row.integer(at++);
  batch.parent = row.id<core::BatchId>(at++);
  batch.root = row.id<core::BatchId>(at++);
  batch.fences = row.small(at++);
  batch.part = row.id<core::BatchId>(at++);
  batch.creates = row.small(at++);
  batch.created_at = row.time(at++);
  batch.state_since = row.time(at++);
  batch.upload_n = row.small(at++);
  batch.input_file = row.text(at++);
  batch.upload_variant = row.small(at++);
  batch.upload_session = row.text(at++);
  batch.uploaded_at = row.maybe_time(at++);
  batch.file_deleted = row.flag(at++);
  batch.tag = row.text(at++);
  batch.credential = row.text(at++);
  batch.create_at = row.maybe_time(at++);
  batch.not_before = row.maybe_time(at++);
  batch.throttled = row.flag(at++);
  batch.throttles = row.small(at++);
  batch.fence_begun = row.flag(at++);
  batch.refusal = row.state<core::RefusedFor>(at++);
  batch.released = row.flag(at++);
  batch.job = row.text(at++);
  batch.submitted_at = row.maybe_time(at++);
  batch.ended_at = row.maybe_time(at++);
  if (!row.is_null(at)) batch.end = row.state<core::JobEnd>(at);
  at++;
  batch.failed_for = row.state<core::FailedFor>(at++);
  batch.error = read_error(row, at);
  at += kErrorColumns;
  batch.message = row.text(at++);
  batch.results = split_names(row.bytes(at++));
  batch.result_bytes = row.integer(at++);
  for (auto* count :
       {&batch.lines.succeeded, &batch.lines.failed, &batch.lines.requeued, &batch.lines.missing,
        &batch.lines.possibly_charged, &batch.lines.dropped, &batch.lines.foreign, &batch.lines.unreadable})
    *count = row.integer(at++);
  if (!row.is_null(at)) batch.split_rule = row.state<core::SplitRule>(at);
  batch.split_first = row.integer(at + 1);
  batch.split_owners = row.integer(at + 2);
  batch.charged = row.flag(at + 3);
  batch.cancel_asked = row.flag(at + 4);
  batch.unexplained_since = row.maybe_time(at + 5);
  return batch;
}

BatchRow SqliteStore::load_in(core::BatchId id, std::initializer_list<core::BatchState> states) {
  auto batch = load(id);
  if (std::find(states.begin(), states.end(), batch.state) == states.end())
    refuse(core::Errc::stale, "batch " + to_text(id) + " is " + std::string(core::to_text(batch.state)));
  return batch;
}

core::BatchId SqliteStore::insert_batch(core::LaneId lane, core::SealReason reason, const BatchRow* parent,
                                        core::WallTime now) {
  const core::BatchId id{ids_.next(now)};
  const auto fenced = parent != nullptr && parent->state == core::BatchState::fenced;
  const bool cut = parent != nullptr && (parent->split_rule == core::SplitRule::halve ||
                                         parent->split_rule == core::SplitRule::halve_owners);
  db_->run(
      "INSERT INTO batch(id, lane, state, reason, parent, root, part, fences, unexplained_since, created_at,"
      " state_since) VALUES(?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
      id, lane, reason, parent == nullptr ? core::BatchId{} : parent->id, parent == nullptr ? id : parent->root,
      parent == nullptr ? id : parent->part, parent == nullptr ? 0 : parent->fences + (fenced ? 1 : 0),
      cut ? parent->unexplained_since : std::nullopt, now);
  counters_.add({CounterKind::batches, static_cast<std::int64_t>(core::BatchState::sealing)}, 1);
  return id;
}

// Writes all columns except those fixed at the insertion (lane, lineage), and `part` and `creates`: creates are counted
// in the row of the part, which split() may let begin with this batch.
void SqliteStore::save(const BatchRow& row, core::BatchState expected) {
  using Error = core::RequestError;
  const auto changed = db_->run(
      "UPDATE batch SET state = ?, items = ?, body_bytes = ?, tokens = ?, packed = ?, state_since = ?, upload_n = ?,"
      " input_file = ?, upload_variant = ?, upload_session = ?, uploaded_at = ?, file_deleted = ?, tag = ?,"
      " credential = ?, create_at = ?, not_before = ?, throttled = ?, throttles = ?, fence_begun = ?, refusal = ?,"
      " released = ?, job = ?, submitted_at = ?, ended_at = ?, end = ?, failed_for = ?, error_class = ?,"
      " error_code = ?, error_status = ?, error_message = ?, error_http = ?, error_body = ?, error_source = ?,"
      " message = ?, results = ?, result_bytes = ?, succeeded = ?, failed = ?, requeued = ?, missing = ?,"
      " possibly_charged = ?, dropped = ?, \"foreign\" = ?, unreadable = ?, split_rule = ?, split_first = ?,"
      " split_owners = ?, charged = ?, cancel_asked = ?, unexplained_since = ? WHERE id = ? AND state = ?",
      row.state, row.items, row.body_bytes, row.tokens, row.packed, row.state_since, row.upload_n, row.input_file,
      row.upload_variant, row.upload_session, row.uploaded_at, row.file_deleted, row.tag, row.credential, row.create_at,
      row.not_before, row.throttled, row.throttles, row.fence_begun, row.refusal, row.released, row.job,
      row.submitted_at, row.ended_at, row.end, row.failed_for, column_of(row.error, &Error::kind),
      column_of(row.error, &Error::code), column_of(row.error, &Error::status), column_of(row.error, &Error::message),
      column_of(row.error, &Error::http_status), column_of(row.error, &Error::body),
      column_of(row.error, &Error::source), row.message, joined(row.results), row.result_bytes, row.lines.succeeded,
      row.lines.failed, row.lines.requeued, row.lines.missing, row.lines.possibly_charged, row.lines.dropped,
      row.lines.foreign, row.lines.unreadable, row.split_rule, row.split_first, row.split_owners, row.charged,
      row.cancel_asked, row.unexplained_since, row.id, expected);
  CHECK(changed == 1);
  counters_.add({CounterKind::batches, static_cast<std::int64_t>(expected)}, -1);
  counters_.add({CounterKind::batches, static_cast<std::int64_t>(row.state)}, 1);
}

void SqliteStore::move(BatchRow& row, core::BatchState to, core::WallTime now) {
  const auto from = row.state;
  CHECK(core::allowed(from, to));
  // A batch that is done must not keep anybody's request.
  CHECK(to != core::BatchState::done || row.packed == 0);
  row.state = to;
  row.state_since = now;
  save(row, from);
  if (from == core::BatchState::refused) db_->run("DELETE FROM named_owner WHERE batch = ?", row.id);
}

}  // namespace batchd::storage
