#include "storage/sqlite/members.h"

#include <set>

#include "storage/sqlite/impl.h"

namespace batchd::storage {

std::vector<Member> packed_members(Db& db, core::BatchId batch, int limit) {
  std::vector<Member> members;
  auto rows = db.query(
      "SELECT id, owner, attempts, body_bytes, tokens FROM request WHERE batch = ? AND state = 1 ORDER BY id LIMIT ?",
      batch, limit);
  while (rows.row())
    members.push_back(
        {rows.id<core::RequestId>(0), rows.id<core::OwnerId>(1), rows.small(2), rows.integer(3), rows.integer(4)});
  return members;
}

LineMembers members_on(Db& db, core::BatchId batch, std::span<const std::int64_t> lines, std::size_t limit) {
  LineMembers found;
  auto rows = db.query(
      "SELECT id, owner, attempts, body_bytes, tokens, state, line FROM request WHERE batch = ? ORDER BY id", batch);
  std::int64_t line = 0;
  for (std::size_t index = 0; index < lines.size() && rows.row();) {
    if (++line != lines[index]) continue;
    const auto at = index++;
    if (rows.state<core::RequestState>(5) != core::RequestState::packed) continue;
    if (found.members.size() == limit) {
      found.more = true;
      break;
    }
    const Member member{rows.id<core::RequestId>(0), rows.id<core::OwnerId>(1), rows.small(2), rows.integer(3),
                        rows.integer(4)};
    found.members.push_back({at, member, rows.integer(6)});
  }
  return found;
}

std::vector<OwnerInBatch> owners_in(Db& db, core::BatchId batch) {
  std::vector<OwnerInBatch> owners;
  auto rows = db.query(
      "SELECT owner, count(*), sum(state = 1) FROM request WHERE batch = ? GROUP BY owner ORDER BY owner", batch);
  while (rows.row()) owners.push_back({rows.id<core::OwnerId>(0), rows.integer(1), rows.integer(2)});
  return owners;
}

core::Result<std::int64_t> SqliteStore::name_owners(core::BatchId id, std::span<const std::int64_t> lines) {
  return verb([&] {
    load_in(id, {core::BatchState::refused});
    std::set<core::OwnerId> owners;
    for (const auto& [index, member, line] : members_on(*db_, id, lines, lines.size()).members)
      owners.insert(member.owner);
    for (const auto owner : owners)
      db_->run("INSERT INTO named_owner(batch, owner) VALUES(?, ?) ON CONFLICT DO NOTHING", id, owner);
    return std::ssize(owners);
  });
}

core::Result<core::OwnerCounts> SqliteStore::count_owners(core::BatchId batch) {
  return verb([&] {
    core::OwnerCounts counts;
    for (const auto& [owner, all, packed] : owners_in(*db_, batch)) {
      counts.all += 1;
      if (packed == 0) continue;
      counts.waiting += 1;
      if (db_->query("SELECT 1 FROM named_owner WHERE batch = ? AND owner = ?", batch, owner).row()) counts.named += 1;
    }
    return counts;
  });
}

}  // namespace batchd::storage
