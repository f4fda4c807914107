#include <algorithm>
#include <functional>
#include <utility>

#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

template <class To, class From>
void put(To& to, const std::optional<From>& from) {
  if (from) to = *from;
}

void apply(const core::BatchPatch& patch, core::Batch& batch) {
  if (patch.upload_n && *patch.upload_n != batch.upload_n) {  // another file: nothing is known of it yet
    batch.input_file.clear();
    batch.uploaded_at.reset();
    batch.upload_session.clear();
    batch.file_deleted = false;
  }
  put(batch.upload_n, patch.upload_n);
  put(batch.input_file, patch.input_file);
  put(batch.upload_variant, patch.upload_variant);
  put(batch.throttles, patch.throttles);
  put(batch.upload_session, patch.upload_session);
  put(batch.tag, patch.tag);
  put(batch.credential, patch.credential);
  put(batch.job, patch.job);
  put(batch.message, patch.message);
  put(batch.results, patch.results);
  put(batch.error, patch.error);
  put(batch.failed_for, patch.failed_for);
  put(batch.uploaded_at, patch.uploaded_at);
  put(batch.create_at, patch.create_at);
  put(batch.not_before, patch.not_before);
  put(batch.submitted_at, patch.submitted_at);
  put(batch.ended_at, patch.ended_at);
  put(batch.unexplained_since, patch.unexplained_since);
  put(batch.throttled, patch.throttled);
  put(batch.file_deleted, patch.file_deleted);
  put(batch.fence_begun, patch.fence_begun);
  put(batch.refusal, patch.refusal);
  put(batch.released, patch.released);
  put(batch.cancel_asked, patch.cancel_asked);
  put(batch.end, patch.end);
  put(batch.result_bytes, patch.result_bytes);
  if (patch.lines) {
    batch.lines.foreign = patch.lines->foreign;
    batch.lines.unreadable = patch.lines->unreadable;
    batch.lines.dropped = patch.lines->dropped;
  }
}

// A refused batch goes on as it is: nothing of the refusal holds any more. If its members have begun to go elsewhere,
// or if a job was made of it, its input file must not be sent a second time.
void forget_refusal(BatchRow& batch) {
  CHECK(!batch.split_rule && batch.refusal != core::RefusedFor::bound && batch.job.empty());
  batch.refusal = core::RefusedFor::none;
  batch.error.reset();
  batch.message.clear();
}

// Notes whether a create of the batch is counted on its part of the lineage, and returns by how much the number
// changes. A create that made no job, and that says nothing of the batch's members, doesn't count towards the bound of
// a bisection. A batch may be refused before any create.
int charge(BatchRow& batch, core::BatchState from, core::BatchState to) {
  using enum core::BatchState;
  const bool back = (from == creating || from == refused) && (to == uploaded || to == uploading);
  if (to != creating && !back) return 0;
  return (to == creating ? 1 : 0) - (std::exchange(batch.charged, to == creating) ? 1 : 0);
}

// The names of earlier uploads are needed as long as the batch is kept: all of its files are to be deleted.
void keep_input(Db& db, const core::BatchPatch& patch, const core::Batch& batch) {
  if (!patch.input_file || patch.input_file->empty()) return;
  db.run("INSERT INTO upload(batch, n, file) VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET file = excluded.file", batch.id,
         batch.upload_n, *patch.input_file);
}

// Keeps the first `limit` ids in this order, each once.
template <class Order>
void keep_first(std::vector<core::BatchId>& ids, int limit, Order order) {
  std::sort(ids.begin(), ids.end(), order);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (ids.size() > static_cast<std::size_t>(limit)) ids.resize(static_cast<std::size_t>(limit));
}

}  // namespace

std::vector<core::Batch> SqliteStore::load_all(std::span<const core::BatchId> ids) {
  std::vector<core::Batch> batches;
  batches.reserve(ids.size());
  for (const auto id : ids) batches.push_back(load(id));
  return batches;
}

core::Result<std::vector<core::Batch>> SqliteStore::list_batches(std::span<const core::BatchState> states,
                                                                 core::BatchId after, int limit) {
  return verb([&] {
    CHECK(limit > 0 && limit <= 500);
    std::vector<core::BatchId> ids;
    for (const auto state : states) {
      auto rows = db_->query("SELECT id FROM batch WHERE state = ? AND id > ? ORDER BY id LIMIT ?", state,
                             after.value(), limit);
      while (rows.row()) ids.push_back(rows.id<core::BatchId>(0));
    }
    keep_first(ids, limit, std::less<>{});
    return load_all(ids);
  });
}

core::Result<core::Batch> SqliteStore::get_batch(core::BatchId batch) {
  return verb([&]() -> core::Batch { return load(batch); });
}

core::Result<core::Batch> SqliteStore::mark(core::BatchId id, core::BatchState from, core::BatchState to,
                                            const core::BatchPatch& patch, core::WallTime now) {
  return verb([&]() -> core::Batch {
    CHECK(from == to || core::allowed(from, to));
    auto batch = load_in(id, {from});
    if (from == core::BatchState::refused && (to == core::BatchState::uploaded || to == core::BatchState::uploading))
      forget_refusal(batch);
    apply(patch, batch);
    keep_input(*db_, patch, batch);
    if (to == from) {
      save(batch, from);
      return batch;
    }
    const auto creates = charge(batch, from, to);
    move(batch, to, now);
    if (creates != 0) {
      batch.creates += creates;
      CHECK(db_->run("UPDATE batch SET creates = ? WHERE id = ?", batch.creates, batch.part) == 1);
    }
    return batch;
  });
}

core::Result<void> SqliteStore::note(core::BatchId id, const core::BatchPatch& patch) {
  return verb([&] {
    auto batch = load(id);
    apply(patch, batch);
    keep_input(*db_, patch, batch);
    save(batch, batch.state);
  });
}

core::Result<std::vector<std::string>> SqliteStore::list_inputs(core::BatchId batch) {
  return verb([&] {
    std::vector<std::string> files;
    auto rows = db_->query("SELECT file FROM upload WHERE batch = ? ORDER BY n", batch);
    while (rows.row()) files.push_back(rows.text(0));
    return files;
  });
}

core::Result<std::vector<core::Batch>> SqliteStore::list_stale_files(core::BatchId after, int limit) {
  return verb([&] {
    CHECK(limit > 0 && limit <= 500);
    std::vector<core::BatchId> ids;
    {
      auto rows = db_->query(
          "SELECT id FROM batch INDEXED BY batch_stale WHERE state = 15 AND file_deleted = 0 AND upload_n > 0"
          " AND id > ? ORDER BY id LIMIT ?",
          after.value(), limit);
      while (rows.row()) ids.push_back(rows.id<core::BatchId>(0));
    }
    return load_all(ids);
  });
}

core::Result<std::vector<core::Batch>> SqliteStore::recent_batches(std::span<const core::BatchState> states,
                                                                   core::BatchId before, int limit) {
  return verb([&] {
    CHECK(limit > 0 && limit <= 500);
    std::vector<core::BatchId> ids;
    for (const auto state : states) {
      auto rows = db_->query("SELECT id FROM batch WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?", state,
                             before ? before.value() : INT64_MAX, limit);
      while (rows.row()) ids.push_back(rows.id<core::BatchId>(0));
    }
    keep_first(ids, limit, std::greater<>{});
    return load_all(ids);
  });
}

}  // namespace batchd::storage
