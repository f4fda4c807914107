// What is at the provider that shouldn't be: jobs of creates that were fenced off, and jobs of another database with
// the same installation prefix.
#include "storage/sqlite/impl.h"

namespace batchd::storage {

core::Result<std::vector<core::Batch>> SqliteStore::list_fenced(const std::string& account, core::WallTime since) {
  return verb([&] {
    std::vector<core::BatchId> ids;
    for (const auto& [id, row] : lanes_.rows()) {
      if (row.names.account != account) continue;
      // Not batches whose job was found after all and has ended: that job is the batch's own, not to be cancelled.
      auto rows = db_->query(
          "SELECT id FROM batch INDEXED BY batch_fenced WHERE fence_begun = 1 AND lane = ? AND state_since >= ?"
          " AND (state = 8 OR (state = 15 AND ended_at IS NULL)) ORDER BY state_since DESC LIMIT ?",
          id, since, core::kVerbRowsMax - static_cast<int>(ids.size()));
      while (rows.row()) ids.push_back(rows.id<core::BatchId>(0));
    }
    return load_all(ids);
  });
}

core::Result<std::optional<core::Batch>> SqliteStore::find_by_tag(const std::string& tag) {
  return verb([&]() -> std::optional<core::Batch> {
    core::BatchId found;
    {
      auto batch = db_->query("SELECT id FROM batch INDEXED BY batch_tag WHERE tag = ? AND tag <> '' LIMIT 1", tag);
      if (batch.row()) found = batch.id<core::BatchId>(0);
    }
    if (!found) return std::nullopt;
    return load(found);
  });
}

core::Result<bool> SqliteStore::knows_job(const std::string& account, const std::string& job) {
  return verb([&] {
    auto batches = db_->query("SELECT lane FROM batch INDEXED BY batch_job WHERE job = ? AND job <> ''", job);
    while (batches.row())
      if (lane(batches.id<core::LaneId>(0)).account == account) return true;
    return false;
  });
}

core::Result<void> SqliteStore::note_strange_job(const core::StrangeJob& job) {
  return verb([&] {
    db_->run(
        "INSERT INTO strange_job(job, tag, account, seen_at, accepted) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        job.job, job.tag, job.account, job.seen_at, job.accepted);
  });
}

core::Result<std::vector<core::StrangeJob>> SqliteStore::list_strange_jobs() {
  return verb([&] {
    std::vector<core::StrangeJob> jobs;
    auto rows =
        db_->query("SELECT job, tag, account, seen_at, accepted FROM strange_job ORDER BY accepted, job LIMIT ?",
                   core::kVerbRowsMax);
    while (rows.row()) jobs.push_back({rows.text(0), rows.text(1), rows.text(2), rows.time(3), rows.flag(4)});
    return jobs;
  });
}

core::Result<void> SqliteStore::accept_strange_jobs(const std::string& account) {
  return verb([&] { db_->run("UPDATE strange_job SET accepted = 1 WHERE account = ? AND accepted = 0", account); });
}

}  // namespace batchd::storage
