#include "storage/sqlite/error_row.h"
#include "storage/sqlite/impl.h"

namespace batchd::storage {

core::RequestView SqliteStore::view(core::OwnerId owner, core::RequestId request) {
  auto row = db_->query(
      "SELECT lane, client_key, state, last_batch, created_at, finished_at, attempts, channel,"
      " (SELECT g.name FROM request_group g WHERE g.id = r.grp), labels, deadline, fail_at_deadline, acked_at,"
      " completion, tokens, body, body_bytes, result, result_bytes, value_offset, value_bytes,"
      " error_class, error_code, error_status, error_message, error_http, error_body, error_source"
      " FROM request r WHERE id = ? AND owner = ?",
      request, owner);
  if (!row.row()) refuse(core::Errc::not_found, "no request " + to_text(request));
  core::RequestView view;
  int at = 0;
  view.id = request;
  view.lane = lane(row.id<core::LaneId>(at++));
  view.key = row.text(at++);
  view.state = row.state<core::RequestState>(at++);
  view.batch = row.id<core::BatchId>(at++);
  view.created_at = row.time(at++);
  view.finished_at = row.maybe_time(at++);
  view.attempts = row.small(at++);
  view.channel = row.text(at++);
  view.group = row.text(at++);
  view.labels = row.text(at++);
  view.deadline = row.maybe_time(at++);
  view.fail_at_deadline = row.flag(at++);
  view.acknowledged_at = row.maybe_time(at++);
  view.completion = row.integer(at++);
  view.tokens = row.integer(at++);
  for (auto* body : {&view.body, &view.result}) {
    body->id = row.id<core::BodyId>(at++);
    body->bytes = row.integer(at++);
  }
  view.value_offset = row.integer(at++);
  view.value_bytes = row.integer(at++);
  view.error = read_error(row, at);
  return view;
}

core::Result<core::RequestView> SqliteStore::find_request(core::OwnerId owner, core::RequestId request) {
  return verb([&] { return view(owner, request); });
}

core::Result<std::string> SqliteStore::read_chunk(core::BodyId body, std::int64_t index) {
  return verb([&] { return get_chunk(body, index); });
}

// Rows are looked at one by one, so that a filter that matches hardly anything costs no more than any other.
core::Result<core::RequestPage> SqliteStore::list_requests(core::OwnerId owner, const core::RequestFilter& filter,
                                                           core::RequestId before, int limit) {
  return verb([&] {
    CHECK(limit > 0 && limit <= 500);
    core::RequestPage page;
    std::vector<core::RequestId> ids;
    {
      std::optional<std::int64_t> group;
      if (!filter.group.empty()) {
        group = find_group(owner, filter.group);
        if (!group) return page;
      }
      const auto below = before ? before.value() : INT64_MAX;
      auto rows = !group
                      ? db_->query(
                            "SELECT id, state, lane, channel, client_key FROM request INDEXED BY request_owner"
                            " WHERE owner = ? AND id < ? ORDER BY id DESC LIMIT ?",
                            owner, below, core::kVerbRowsMax + 1)
                      : db_->query(
                            "SELECT id, state, lane, channel, client_key FROM request INDEXED BY request_group_member"
                            " WHERE grp = ? AND id < ? ORDER BY id DESC LIMIT ?",
                            *group, below, core::kVerbRowsMax + 1);
      core::RequestId last;
      for (int looked_at = 0; rows.row(); ++looked_at) {
        if (looked_at == core::kVerbRowsMax || ids.size() == static_cast<std::size_t>(limit)) {
          page.next = last;
          break;
        }
        last = rows.id<core::RequestId>(0);
        const bool wanted = (!filter.state || rows.state<core::RequestState>(1) == *filter.state) &&
                            (filter.model.empty() || lane(rows.id<core::LaneId>(2)).model == filter.model) &&
                            (!filter.channel || rows.bytes(3) == *filter.channel) &&
                            (filter.key.empty() || rows.bytes(4) == filter.key);
        if (wanted) ids.push_back(last);
      }
    }
    page.requests.reserve(ids.size());
    for (const auto id : ids) page.requests.push_back(view(owner, id));
    return page;
  });
}

}  // namespace batchd::storage
