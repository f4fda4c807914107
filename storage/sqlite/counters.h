// Totals that would be too slow to count over the tables: stored beside them in the same transaction, and cached here.
// A change is visible at once, is written once per transaction, and is undone if the transaction is rolled back.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "storage/sqlite/db.h"

namespace batchd::storage {

// Values are stored: never renumber. The comment says what `a` and `b` are; -: neither is used.
enum class CounterKind : std::uint8_t {
  requests = 1,          // owner, state
  accepted = 2,          // -
  purged = 3,            // -
  queue_items = 4,       // lane, owner
  queue_bytes = 5,       // lane, owner
  queue_tokens = 6,      // lane, owner
  completion = 7,        // -: the last completion number that was given
  batches = 8,           // state
  id_high_water = 9,     // -: of core::IdSource
  queued_items = 10,     // -
  queued_bytes = 11,     // -
  owner_bytes = 12,      // owner: queued bytes
  staged_bytes = 13,     // -: bytes spooled for requests and not adopted yet
  forgotten_until = 14,  // -: latest end of a purged batch, in Unix milliseconds
  owner_spooled = 15,    // owner: the owner's part of staged_bytes
  suspects = 16,         // lane (a suspicious queue's id), owner: requests in it, and in batches from it
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
  void flush(Db& db);  // writes what has changed since the last commit; must be followed by commit() or roll_back()
  void commit();
  void roll_back();

  template <class Visit>
  void each(CounterKind kind, Visit visit) const {  // calls visit(key, value) in key order, without zeros
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
