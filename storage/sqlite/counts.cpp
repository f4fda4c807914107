#include <sys/stat.h>

#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

void keep_oldest(std::optional<core::WallTime>& oldest, std::optional<core::WallTime> other) {
  if (other && (!oldest || *other < *oldest)) oldest = other;
}

core::Totals totals_of(const Counters& counters) {
  core::Totals totals;
  totals.accepted = counters.value({CounterKind::accepted});
  totals.purged = counters.value({CounterKind::purged});
  counters.each(CounterKind::requests, [&](const Counters::Key& key, std::int64_t items) {
    totals.requests.at(static_cast<std::size_t>(key.b)) += items;
  });
  for (std::size_t i = 0; i < core::kBatchStates; ++i)
    totals.batches[i] = counters.value({CounterKind::batches, static_cast<std::int64_t>(i)});
  return totals;
}

}  // namespace

core::Result<core::Totals> SqliteStore::totals() {
  return verb([&] { return totals_of(counters_); });
}

core::Result<core::Counts> SqliteStore::counts() {
  return verb([&] {
    core::Counts counts;
    const auto index = [](auto state) { return static_cast<std::size_t>(state); };
    const auto totals = totals_of(counters_);
    counts.accepted = totals.accepted;
    counts.purged = totals.purged;
    for (std::size_t i = 0; i < core::kRequestStates; ++i) counts.requests[i].items = totals.requests[i];
    counters_.each(CounterKind::queue_items, [&](const Counters::Key& key, std::int64_t) {
      keep_oldest(counts.requests[index(core::RequestState::queued)].oldest,
                  oldest_queued(core::LaneId{key.a}, core::OwnerId{key.b}));
    });
    for (std::size_t i = index(core::RequestState::succeeded); i < core::kRequestStates; ++i) {
      auto first = db_->query("SELECT min(finished_at) FROM request WHERE state = ? AND finished_at IS NOT NULL", i);
      if (first.row()) counts.requests[i].oldest = first.maybe_time(0);
    }
    for (std::size_t i = 0; i < core::kBatchStates; ++i) {
      counts.batches[i].items = totals.batches[i];
      auto first = db_->query("SELECT min(state_since) FROM batch WHERE state = ?", i);
      if (first.row()) counts.batches[i].oldest = first.maybe_time(0);
    }
    auto live = db_->query("SELECT min(created_at) FROM batch WHERE state < 15 AND packed > 0");
    if (live.row()) counts.requests[index(core::RequestState::packed)].oldest = live.maybe_time(0);
    auto size = db_->query("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    if (size.row()) counts.database_bytes = size.integer(0);
    struct stat wal {};
    if (::stat((config_.path + "-wal").c_str(), &wal) == 0) counts.wal_bytes = wal.st_size;
    return counts;
  });
}

}  // namespace batchd::storage
