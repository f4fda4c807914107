// What is read of a batch's members. Private to storage/sqlite/.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/ids.h"
#include "storage/sqlite/db.h"
#include "storage/sqlite/rows.h"

namespace batchd::storage {

// Returns the batch's packed members, at most `limit`, oldest ids first.
std::vector<Member> packed_members(Db& db, core::BatchId batch, int limit);

// A packed member on a line of its batch. `group_line` is the line's number in the group that the request is of; 0 if
// it is of none, or if that isn't known (it was accepted by schema 4 or older).
struct LineMember {
  std::size_t index = 0;  // of its line in the list that was asked for
  Member member;
  std::int64_t group_line = 0;
};
struct LineMembers {
  std::vector<LineMember> members;
  bool more = false;  // stopped at the limit
};
// Returns the packed members on these lines (1-based, ascending), at most `limit`. A line's number is the member's rank
// by id among all members, packed or not.
LineMembers members_on(Db& db, core::BatchId batch, std::span<const std::int64_t> lines, std::size_t limit);

// An owner's members of a batch: all of them, and those that are packed.
struct OwnerInBatch {
  core::OwnerId owner;
  std::int64_t all = 0, packed = 0;
};
// Returns the owners of the batch's members, in ascending order. Reads all members.
std::vector<OwnerInBatch> owners_in(Db& db, core::BatchId batch);

}  // namespace batchd::storage
