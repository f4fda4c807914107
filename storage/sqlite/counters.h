// Totals that must not be counted over the tables, kept beside them in the same transaction and cached here. A change
// is visible at once, is written once per group, and is forgotten if the group is rolled back.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "storage/sqlite/db.h"

namespace batchd::storage {

// Stored: never renumber. The comment says what `a` and `b` are.
enum class CounterKind : std::uint8_t {
  requests = 1,      // owner, state
  accepted = 2,      //
  purged = 3,        //
  queue_items = 4,   // lane, owner
  queue_bytes = 5,   // lane, owner
  queue_tokens = 6,  // lane, owner
  completion = 7,    // the last completion number given
  batches = 8,       // state
  id_high_water = 9,
  queued_items = 10,     //
  queued_bytes = 11,     //
  owner_bytes = 12,      // owner: queued
  staged_bytes = 13,     // for requests to come, that nobody has adopted yet
  forgotten_until = 14,  // Unix milliseconds: the latest end of a batch that was purged
  owner_spooled = 15,    // owner: of the spooled bytes
};

class Counters {
 public:
  struct Key {
    CounterKind kind;
    std::int64_t a = 0, b = 0;
    auto operator<=>(const Key&) const = default;
  };

  void load(Db& db);
  std::int64_t value(Key key) const;
  void add(Key key, std::int64_t delta);
  void set(Key key, std::int64_t value) { add(key, value - this->value(key)); }
  void flush(Db& db);  // writes what has changed since the last commit; then commit() or roll_back()
  void commit();
  void roll_back();

  template <class Visit>
  void each(CounterKind kind, Visit visit) const {  // visit(key, value) in key order, zeros left out
    for (auto it = cells_.lower_bound({kind, INT64_MIN, INT64_MIN}); it != cells_.end() && it->first.kind == kind; ++it)
      if (const auto now = it->second.committed + it->second.pending; now != 0) visit(it->first, now);
  }

 private:
  struct Cell {
    std::int64_t committed = 0, pending = 0;
  };
  std::map<Key, Cell> cells_;
  std::vector<std::map<Key, Cell>::iterator> changed_;  // may name a cell twice
};

}  // namespace batchd::storage
