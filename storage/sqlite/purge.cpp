// Removes what has been kept long enough, in calls of bounded work. A run of calls looks at each kind of row once.
#include <algorithm>
#include <array>

#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

// Rows touched by a removal: the row itself, its bodies, its entries in indexes and counters.
constexpr std::int64_t kRequestCost = 8;
constexpr std::int64_t kBatchCost = 6;
constexpr std::int64_t kKeyCost = 2;

// For so long the sweep looks for jobs of creates that were fenced off (docs/architecture.md). It asks for their
// batches, which must be kept, however short the retention is.
constexpr core::Duration kFenceSwept = std::chrono::hours(72);

enum class Kind : std::uint8_t { succeeded, failed, cancelled, expired, answers, acknowledged, keys, groups, batches };
constexpr std::array kKinds{Kind::succeeded,    Kind::failed, Kind::cancelled, Kind::expired, Kind::answers,
                            Kind::acknowledged, Kind::keys,   Kind::groups,    Kind::batches};

}  // namespace

core::Result<core::Purged> SqliteStore::purge(const core::PurgeRules& rules, core::WallTime now) {
  return verb([&] {
    using enum core::RequestState;
    PurgeBudget budget;
    const auto changes = db_->changes_so_far();
    const auto step = [&](Kind kind) {
      switch (kind) {
        case Kind::succeeded:
          return purge_requests(succeeded, rules.results_before, budget);
        case Kind::failed:
          return purge_requests(failed, rules.results_before, budget);
        case Kind::cancelled:
          return purge_requests(cancelled, rules.results_before, budget);
        case Kind::expired:
          return purge_requests(expired, rules.results_before, budget);
        case Kind::answers:
          return purge_answers(rules.answered_before, now, budget);
        case Kind::acknowledged:
          return purge_requests(std::nullopt, rules.acknowledged_before, budget);
        case Kind::keys:
          return purge_keys(rules.idempotency_before, budget);
        case Kind::groups:
          return purge_groups(rules.idempotency_before, budget);
        case Kind::batches:
          return purge_batches(rules.results_before, now, budget);
      }
      return true;
    };
    while (purge_walk_.kind < kKinds.size() && !budget.spent())
      if (step(kKinds[purge_walk_.kind])) purge_walk_ = {.kind = purge_walk_.kind + 1};
    // Large bodies have only become garbage so far; the run isn't over before their chunks are removed.
    const bool garbage = drop_garbage();
    if (db_->changes_so_far() != changes) purge_removed_ = true;
    core::Purged purged{budget.requests, garbage || purge_walk_.kind < kKinds.size()};
    if (!purged.more) {
      shrink();
      purge_walk_ = {};
      if (std::exchange(purge_removed_, false)) wipe_log_ = true;
    }
    return purged;
  });
}

// Members of a batch that isn't done stay: their lines may still be read.
bool SqliteStore::purge_requests(std::optional<core::RequestState> state, core::WallTime before, PurgeBudget& budget) {
  std::vector<Doomed> doomed;
  bool over = true;
  {
    const core::WallTime from = purge_walk_.begun ? purge_walk_.time : core::WallTime{core::Duration{INT64_MIN}};
    auto rows = state
                    ? db_->query(
                          "SELECT id, owner, state, body, body_bytes, result, result_bytes, finished_at,"
                          " batch IS NULL OR (SELECT b.state FROM batch b WHERE b.id = r.batch) = 15"
                          " FROM request r INDEXED BY request_finished WHERE state = ?4 AND finished_at IS NOT NULL"
                          " AND finished_at >= ?1 AND (finished_at > ?1 OR id > ?2) AND finished_at < ?3"
                          " ORDER BY finished_at, id",
                          from, purge_walk_.id, before, *state)
                    : db_->query(
                          "SELECT id, owner, state, body, body_bytes, result, result_bytes, acked_at,"
                          " batch IS NULL OR (SELECT b.state FROM batch b WHERE b.id = r.batch) = 15"
                          " FROM request r INDEXED BY request_acked WHERE acked_at IS NOT NULL"
                          " AND acked_at >= ?1 AND (acked_at > ?1 OR id > ?2) AND acked_at < ?3 ORDER BY acked_at, id",
                          from, purge_walk_.id, before);
    while (rows.row()) {
      if (budget.spent()) {
        over = false;
        break;
      }
      purge_walk_.begun = true;
      purge_walk_.id = rows.integer(0);
      purge_walk_.time = rows.time(7);
      budget.rows -= 1;
      if (!rows.flag(8)) continue;
      doomed.push_back({rows.id<core::RequestId>(0),
                        rows.id<core::OwnerId>(1),
                        rows.state<core::RequestState>(2),
                        {rows.id<core::BodyId>(3), rows.integer(4)},
                        {rows.id<core::BodyId>(5), rows.integer(6)}});
      budget.rows -= kRequestCost;
      budget.bytes -= rows.integer(4) + rows.integer(6);
    }
  }
  for (const auto& request : doomed) purge_request(request);
  budget.requests += static_cast<std::int64_t>(doomed.size());
  return over;
}

void SqliteStore::purge_request(const Doomed& request) {
  CHECK(core::is_terminal(request.state));
  drop_body(request.body);
  drop_body(request.result);
  db_->run("DELETE FROM held_call WHERE request = ?", request.id);
  CHECK(db_->run("DELETE FROM request WHERE id = ? AND state = ?", request.id, request.state) == 1);
  count_state(request.owner, request.state, -1);
  counters_.add({CounterKind::purged}, 1);
}

// A key may outlive its request, if that was acknowledged early. The key of an unfinished request stays, or the same
// call made again would be a new request. Keys are looked at in order of acceptance, up to the first one that is too
// young.
bool SqliteStore::purge_keys(core::WallTime before, PurgeBudget& budget) {
  std::vector<core::RequestId> old;
  bool over = true;
  {
    auto rows = db_->query(
        "SELECT i.request, i.accepted_at, r.state FROM idempotency i LEFT JOIN request r ON r.id = i.request"
        " WHERE i.request > ? ORDER BY i.request",
        purge_walk_.id);
    while (rows.row() && rows.time(1) < before) {
      if (budget.spent()) {
        over = false;
        break;
      }
      purge_walk_.id = rows.integer(0);
      budget.rows -= 1;
      if (!rows.is_null(2) && !core::is_terminal(rows.state<core::RequestState>(2))) continue;
      old.push_back(rows.id<core::RequestId>(0));
      budget.rows -= kKeyCost;
    }
  }
  for (const auto id : old) db_->run("DELETE FROM idempotency WHERE request = ?", id);
  return over;
}

bool SqliteStore::purge_groups(core::WallTime before, PurgeBudget& budget) {
  std::vector<std::int64_t> old;
  bool over = true;
  auto looked_at = purge_walk_.id;
  {
    auto rows = db_->query(
        "SELECT id, last_at < ? AND NOT EXISTS (SELECT 1 FROM request r INDEXED BY request_group_member"
        " WHERE r.grp = g.id) FROM request_group g WHERE id > ? ORDER BY id",
        before, purge_walk_.id);
    while (rows.row()) {
      if (budget.spent()) {
        over = false;
        break;
      }
      budget.rows -= 1;
      looked_at = rows.integer(0);
      if (!rows.flag(1)) continue;
      old.push_back(looked_at);
      budget.rows -= kKeyCost;
    }
  }
  for (const auto group : old)
    if (!purge_group(group, budget)) {
      purge_walk_.id = group - 1;  // the next call begins with this group
      return false;
    }
  purge_walk_.id = looked_at;
  return over;
}

// Removes the group's lines, then the group itself. At least one line per call, so that a run makes progress.
bool SqliteStore::purge_group(std::int64_t group, PurgeBudget& budget) {
  const auto most = std::max<std::int64_t>(budget.rows, 1);
  const auto lines = db_->run(
      "DELETE FROM group_line WHERE grp = ?1 AND line IN (SELECT line FROM group_line WHERE grp = ?1 LIMIT ?2)", group,
      most);
  budget.rows -= lines;
  if (lines == most) return false;
  db_->run("DELETE FROM request_group WHERE id = ?", group);
  return true;
}

// Youngest first, so that children go before their parents. The root of a lineage stays as long as any of its
// descendants: creates are counted there.
bool SqliteStore::purge_batches(core::WallTime before, core::WallTime now, PurgeBudget& budget) {
  std::vector<std::pair<core::BatchId, core::WallTime>> old;
  bool over = true;
  {
    const auto from = purge_walk_.begun ? purge_walk_.time : before;
    const auto below = purge_walk_.begun ? purge_walk_.id : INT64_MAX;
    auto rows = db_->query(
        "SELECT id, state_since, fence_begun FROM batch INDEXED BY batch_since WHERE state = 15 AND state_since < ?1"
        " AND state_since <= ?2 AND (state_since < ?2 OR id < ?3) ORDER BY state_since DESC, id DESC",
        before, from, below);
    while (rows.row()) {
      if (budget.spent()) {
        over = false;
        break;
      }
      purge_walk_.begun = true;
      purge_walk_.id = rows.integer(0);
      purge_walk_.time = rows.time(1);
      budget.rows -= kBatchCost;
      if (rows.flag(2) && rows.time(1) > now - kFenceSwept) continue;
      old.emplace_back(rows.id<core::BatchId>(0), rows.time(1));
    }
  }
  for (const auto& [id, ended_at] : old) {
    const bool dropped =
        db_->run(
            "DELETE FROM batch WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM request r WHERE r.batch = ?1)"
            " AND NOT EXISTS (SELECT 1 FROM batch c WHERE c.root = ?1 AND c.id <> ?1)"
            " AND NOT EXISTS (SELECT 1 FROM batch c WHERE c.parent = ?1)",
            id) == 1;
    if (!dropped) continue;
    budget.rows -= db_->run("DELETE FROM upload WHERE batch = ?", id);
    forget_batch(ended_at);
  }
  return over;
}

void SqliteStore::forget_batch(core::WallTime ended_at) {
  counters_.add({CounterKind::batches, static_cast<std::int64_t>(core::BatchState::done)}, -1);
  const Counters::Key until{CounterKind::forgotten_until};
  counters_.set(until, std::max(counters_.value(until), ended_at.time_since_epoch().count()));
}

core::Result<core::WallTime> SqliteStore::forgotten_until() {
  return verb([&] { return core::WallTime{core::Duration{counters_.value({CounterKind::forgotten_until})}}; });
}

// Gives pages back to the file system if at least a quarter of the file is free: a smaller part will be used again.
void SqliteStore::shrink() {
  const auto number = [](Query query) { return query.row() ? query.integer(0) : 0; };
  const auto free = number(db_->query("PRAGMA freelist_count"));
  const auto pages = number(db_->query("PRAGMA page_count"));
  if (free * 4 >= pages) db_->run("PRAGMA incremental_vacuum(64)");
}

}  // namespace batchd::storage
