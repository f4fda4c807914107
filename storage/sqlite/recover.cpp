#include <sys/random.h>

#include <array>

#include "core/base32.h"
#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

std::string random_installation_id() {
  std::array<unsigned char, 8> random{};
  CHECK(::getrandom(random.data(), random.size(), 0) == static_cast<ssize_t>(random.size()));
  std::string id;
  for (const auto byte : random) id += core::kBase32Digits[byte & 31];
  return id;
}

constexpr int kBatchesPerStep = 200;

}  // namespace

SqliteStore::SqliteStore(std::unique_ptr<Db> db, SqliteConfig config)
    : config_(std::move(config)), db_(std::move(db)), ids_(0, config_.node), lanes_(*db_) {
  db_->run("INSERT INTO meta(name, value) VALUES('installation', ?) ON CONFLICT DO NOTHING", random_installation_id());
  auto id = db_->query("SELECT value FROM meta WHERE name = 'installation'");
  CHECK(id.row());
  installation_.id = id.text(0);
  counters_.load(*db_);
  ids_ = core::IdSource(counters_.value({CounterKind::id_high_water}), config_.node);
  // Garbage counts, too, even if its chunks are gone: its removal would remove the chunks of a new body with its id.
  auto last = db_->query(
      "SELECT max((SELECT ifnull(max(id), 0) FROM chunk) / ?, (SELECT ifnull(max(body), 0) FROM stage),"
      " (SELECT ifnull(max(body), 0) FROM garbage))",
      kChunksPerBody);
  CHECK(last.row());
  last_body_ = last.integer(0);
}

core::Result<bool> SqliteStore::recover(core::WallTime now) {
  return verb([&] {
    // Spooled bodies belong to connections and downloads of the process before: nobody can adopt them any more.
    db_->run("INSERT INTO garbage(body) SELECT body FROM stage");
    db_->run("DELETE FROM stage");
    counters_.set({CounterKind::staged_bytes}, 0);
    counters_.each(CounterKind::owner_spooled,
                   [&](const Counters::Key& key, std::int64_t bytes) { counters_.add(key, -bytes); });

    db_->run("UPDATE held_call SET orphan = 1 WHERE orphan = 0");  // the callers went away with the old process

    std::vector<core::BatchId> half_way;
    {
      // A child in sealing belongs to its parent's split(), which goes on by itself.
      auto rows = db_->query(
          "SELECT id FROM batch WHERE (state = 0 AND parent IS NULL) OR (state = 4 AND throttled = 0) LIMIT ?",
          kBatchesPerStep);
      while (rows.row()) half_way.push_back(rows.id<core::BatchId>(0));
    }
    for (const auto id : half_way) {
      auto batch = load(id);
      if (batch.state == core::BatchState::creating)
        move(batch, core::BatchState::unclear, now);
      else
        move(batch, batch.packed > 0 ? core::BatchState::sealed : core::BatchState::unsealed, now);
    }
    return half_way.size() == kBatchesPerStep;
  });
}

core::Result<void> SqliteStore::probe() {
  return verb([&] {
    require_free_space();
    db_->run(
        "INSERT INTO meta(name, value) VALUES('probe', '1')"
        " ON CONFLICT DO UPDATE SET value = CAST(value + 1 AS TEXT)");
  });
}

}  // namespace batchd::storage
