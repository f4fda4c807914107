// Lines of bulk submissions. A line is found by (group, number), so a file that is sent again adds nothing.
#include <set>

#include "storage/sqlite/impl.h"

namespace batchd::storage {

std::optional<std::int64_t> SqliteStore::find_group(core::OwnerId owner, const std::string& name) {
  auto row = db_->query("SELECT id FROM request_group WHERE owner = ? AND name = ?", owner, name);
  if (!row.row()) return std::nullopt;
  return row.integer(0);
}

core::LineAccepted SqliteStore::look_up_line(std::optional<std::int64_t> group, const core::GroupLine& line) {
  using Kind = core::LineAccepted::Kind;
  if (!group) return {Kind::accepted, {}};
  auto row = db_->query(
      "SELECT l.digest, r.id FROM group_line l LEFT JOIN request r ON r.id = l.request WHERE l.grp = ? AND l.line = ?",
      *group, line.number);
  if (!row.row()) return {Kind::accepted, {}};
  return {row.bytes(0) == line.digest ? Kind::known : Kind::differs, row.id<core::RequestId>(1)};
}

void SqliteStore::require_room_for_lines(core::OwnerId owner, std::span<const core::GroupLine> lines,
                                         const std::vector<core::LineAccepted>& answers) {
  std::int64_t items = 0;
  std::int64_t bytes = 0;
  std::int64_t spooled = 0;
  std::set<core::Lane> lanes;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (answers[i].kind != core::LineAccepted::Kind::accepted) continue;
    const auto& request = lines[i].request;
    const auto size = body_bytes(request);
    items += 1;
    bytes += size;
    if (request.spooled) spooled += size;
    lanes.insert(request.lane);
  }
  if (items == 0) return;  // all are known: answered even if the queue or the disk is full
  require_free_space();
  require_room(owner, items, bytes, spooled);
  lanes_.require(owner, std::vector(lanes.begin(), lanes.end()));
}

core::Result<std::vector<core::LineAccepted>> SqliteStore::accept_lines(core::OwnerId owner, const std::string& name,
                                                                        std::span<const core::GroupLine> lines,
                                                                        core::WallTime now) {
  return verb([&] {
    CHECK(lines.size() <= static_cast<std::size_t>(core::kGroupLinesMax));
    auto group = find_group(owner, name);
    std::vector<core::LineAccepted> answers;
    std::int64_t last = 0;
    for (const auto& line : lines) {
      CHECK(line.number > last);  // ascending, each once
      last = line.number;
      answers.push_back(look_up_line(group, line));
    }
    require_room_for_lines(owner, lines, answers);

    bool noted = false;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (answers[i].kind != core::LineAccepted::Kind::accepted) continue;
      if (!std::exchange(noted, true)) group = note_group(owner, name, now);
      const auto id = insert_request(lines[i].request, owner, PlaceInGroup{*group, lines[i].number}, now);
      db_->run("INSERT INTO group_line(grp, line, request, digest) VALUES(?, ?, ?, ?)", *group, lines[i].number, id,
               Blob{lines[i].digest});
      answers[i].id = id;
    }
    return answers;
  });
}

std::int64_t SqliteStore::note_group(core::OwnerId owner, const std::string& name, core::WallTime now) {
  db_->run(
      "INSERT INTO request_group(owner, name, last_at) VALUES(?, ?, ?)"
      " ON CONFLICT(owner, name) DO UPDATE SET last_at = max(last_at, excluded.last_at)",
      owner, name, now);
  const auto group = find_group(owner, name);
  CHECK(group.has_value());
  return *group;
}

core::Result<core::GroupCancelled> SqliteStore::cancel_group(core::OwnerId owner, const std::string& name,
                                                             core::RequestId after, core::WallTime now) {
  return verb([&] {
    const auto group = find_group(owner, name);
    if (!group) refuse(core::Errc::not_found, "no such group");
    core::GroupCancelled cancelled;
    std::vector<Unfinished> members;
    {
      auto rows = db_->query(
          "SELECT id, lane, state, batch, body_bytes, tokens FROM request INDEXED BY request_group_member"
          " WHERE grp = ? AND id > ? ORDER BY id LIMIT ?",
          *group, after.value(), kVerbWrites);
      int seen = 0;
      while (rows.row()) {
        const auto id = rows.id<core::RequestId>(0);
        if (++seen == kVerbWrites) cancelled.next = id;
        const auto state = rows.state<core::RequestState>(2);
        if (core::is_terminal(state))
          ++cancelled.over;
        else
          members.push_back({id, owner, rows.id<core::LaneId>(1), state, rows.id<core::BatchId>(3), rows.integer(4),
                             rows.integer(5)});
      }
    }
    Touched batches;
    for (const auto& member : members)
      end_early(member, core::RequestState::cancelled, now, batches, cancelled.recorded);
    cancelled.deserted = save_touched(batches);
    return cancelled;
  });
}

}  // namespace batchd::storage
