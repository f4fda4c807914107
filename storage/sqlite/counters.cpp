#include "storage/sqlite/counters.h"

namespace batchd::storage {

void Counters::load(Db& db) {
  cells_.clear();
  changed_.clear();
  auto rows = db.query("SELECT kind, a, b, value FROM counter");
  while (rows.row()) cells_[{rows.state<CounterKind>(0), rows.integer(1), rows.integer(2)}].committed = rows.integer(3);
}

std::int64_t Counters::value(Key key) const {
  const auto cell = cells_.find(key);
  return cell == cells_.end() ? 0 : cell->second.committed + cell->second.pending;
}

void Counters::add(Key key, std::int64_t delta) {
  if (delta == 0) return;
  const auto cell = cells_.try_emplace(key).first;
  if (cell->second.pending == 0) changed_.push_back(cell);
  cell->second.pending += delta;
}

void Counters::flush(Db& db) {
  for (const auto& cell : changed_) {
    const auto& [key, value] = *cell;
    if (const auto now = value.committed + value.pending; now != 0)
      db.run(
          "INSERT INTO counter(kind, a, b, value) VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
          key.kind, key.a, key.b, now);
    else  // an owner or lane with nothing left keeps no row
      db.run("DELETE FROM counter WHERE kind = ? AND a = ? AND b = ?", key.kind, key.a, key.b);
  }
}

void Counters::commit() {
  for (const auto& cell : changed_) {
    cell->second.committed += cell->second.pending;
    cell->second.pending = 0;
  }
  changed_.clear();
}

void Counters::roll_back() {
  for (const auto& cell : changed_) cell->second.pending = 0;
  changed_.clear();
}

}  // namespace batchd::storage
