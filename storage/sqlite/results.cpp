#include "storage/sqlite/impl.h"

namespace batchd::storage {

core::Result<core::ResultPage> SqliteStore::list_results(core::OwnerId owner, const std::string& channel,
                                                         std::int64_t after, int limit) {
  return verb([&] {
    CHECK(limit > 0 && limit <= 500);
    core::ResultPage page;
    std::vector<core::RequestId> ids;
    {
      auto rows = db_->query(
          "SELECT id FROM request INDEXED BY request_results WHERE owner = ? AND channel = ? AND completion > ?"
          " AND completion IS NOT NULL AND acked_at IS NULL AND held = 0 ORDER BY completion LIMIT ?",
          owner, channel, after, limit + 1);
      while (rows.row()) ids.push_back(rows.id<core::RequestId>(0));
    }
    page.more = ids.size() > static_cast<std::size_t>(limit);
    if (page.more) ids.pop_back();
    page.results.reserve(ids.size());
    for (const auto id : ids) page.results.push_back(view(owner, id));
    return page;
  });
}

core::Result<std::int64_t> SqliteStore::last_completion() {
  return verb([&] { return counters_.value({CounterKind::completion}); });
}

core::Result<core::Acknowledged> SqliteStore::acknowledge(core::OwnerId owner, const std::string& channel,
                                                          std::int64_t up_to, core::WallTime now) {
  return verb([&] {
    core::Acknowledged acknowledged;
    acknowledged.requests = db_->run(
        "UPDATE request SET acked_at = ? WHERE id IN (SELECT id FROM request INDEXED BY request_results"
        " WHERE owner = ? AND channel = ? AND completion <= ? AND completion IS NOT NULL AND acked_at IS NULL"
        " AND held = 0 ORDER BY completion LIMIT ?)",
        now, owner, channel, up_to, kVerbWrites);
    acknowledged.more = acknowledged.requests == kVerbWrites;
    return acknowledged;
  });
}

core::Result<core::AcknowledgedIds> SqliteStore::acknowledge_ids(core::OwnerId owner,
                                                                 std::span<const core::RequestId> requests,
                                                                 core::WallTime now) {
  return verb([&] {
    CHECK(requests.size() <= static_cast<std::size_t>(kVerbWrites));
    core::AcknowledgedIds acknowledged;
    for (const auto id : requests) {
      bool finished = false;
      bool fresh = false;
      {
        auto row = db_->query("SELECT state, acked_at IS NULL FROM request WHERE id = ? AND owner = ?", id, owner);
        if (row.row()) {
          finished = core::is_terminal(row.state<core::RequestState>(0));
          fresh = row.flag(1);
        }
      }
      if (!finished) acknowledged.unknown.push_back(id);
      if (finished && fresh) acknowledged.requests += db_->run("UPDATE request SET acked_at = ? WHERE id = ?", now, id);
    }
    return acknowledged;
  });
}

}  // namespace batchd::storage
