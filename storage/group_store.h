// A Store whose verbs can be committed in groups. What StoreThread needs of an implementation (SQLite now, PostgreSQL
// later).
#pragma once

#include "core/store.h"

namespace batchd::storage {

class GroupStore : public core::Store {
 public:
  // What is left of the group after a verb or commit failed.
  enum class GroupState : std::uint8_t {
    intact,  // only the failing verb's own changes are gone
    lost,    // the whole transaction was rolled back (SQLITE_FULL may do that): replay every verb alone
    broken,  // I/O error, corruption, failed fsync: stop
  };

  virtual core::Result<void> begin_group() = 0;
  virtual void begin_verb() = 0;               // savepoint
  virtual GroupState end_verb(bool keep) = 0;  // release, or roll back to the savepoint
  virtual core::Result<void>
  commit_group() = 0;  // durable on return. On an error the whole group is rolled back: ask state
  virtual GroupState group_state() const = 0;
};

}  // namespace batchd::storage
