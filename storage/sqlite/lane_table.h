// Which lanes there are, and their queues. Private to storage/sqlite/.
//
// A lane has a row in table `lane` for its regular queue and, once a request of it was suspected, a second one for its
// suspicious queue. Both have an id of their own, by which requests, batches and counters refer to a queue, and the
// same names. What belongs to the lane itself, like its learned budget, is in the regular row.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "core/ids.h"
#include "core/types.h"
#include "storage/sqlite/db.h"

namespace batchd::storage {

class LaneTable {
 public:
  struct Row {
    core::Lane names;
    bool suspicious = false;
  };

  explicit LaneTable(Db& db) : db_(db) { load(); }

  // Makes sure that the owner may have these lanes, which are distinct. Throws VerbFailed: queue_full.
  void require(core::OwnerId owner, std::span<const core::Lane> lanes);
  // Returns the lane's regular queue; makes the lane if it is new. Throws VerbFailed: queue_full.
  core::LaneId make(const core::Lane& lane, core::OwnerId owner);
  // Returns the suspicious queue of the lane that this queue belongs to; makes it if there is none.
  core::LaneId make_suspicious(core::LaneId queue);

  const std::map<core::LaneId, Row>& rows() const { return rows_; }
  bool contains(core::LaneId queue) const { return rows_.contains(queue); }
  const Row& row(core::LaneId queue) const;  // must be known (CHECK)
  // Return the regular and the suspicious queue of the lane that this queue belongs to. Suspicious: none if there is
  // none. Regular: none if this queue isn't known.
  core::LaneId regular(core::LaneId queue) const;
  core::LaneId suspicious(core::LaneId queue) const;

  void committed() { changed_ = false; }
  void rolled_back();  // reads the table again if the transaction has changed it

 private:
  struct Idle {
    core::LaneId id;
    core::OwnerId maker;
  };
  void load();
  core::LaneId insert(const core::Lane& lane, core::OwnerId maker, bool suspicious);
  void drop(core::LaneId id);
  std::int64_t made_by(core::OwnerId owner);
  std::vector<Idle> idle();  // regular queues of lanes that nothing refers to, oldest first

  Db& db_;
  std::map<core::Lane, core::LaneId> regular_, suspicious_;
  std::map<core::LaneId, Row> rows_;
  bool changed_ = false;  // by this transaction
};

}  // namespace batchd::storage
