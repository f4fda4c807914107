#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<core::RequestView> SqliteStore::find_request(core::OwnerId owner, core::RequestId request) {
  return verb([&] {
    auto row = db_->query(
        "SELECT lane, client_key, state, last_batch, created_at, finished_at, attempts, result, result_bytes,"
        " value_offset, value_bytes, error_code, error_status, error_message, error_source"
        " FROM request WHERE id = ? AND owner = ?",
        request, owner);
    if (!row.row()) refuse(core::Errc::not_found, "no request " + to_text(request));
    core::RequestView view;
    view.id = request;
    view.lane = lane(row.id<core::LaneId>(0));
    view.key = row.text(1);
    view.state = row.state<core::RequestState>(2);
    view.batch = row.id<core::BatchId>(3);
    view.created_at = row.time(4);
    view.finished_at = row.maybe_time(5);
    view.attempts = row.small(6);
    view.result = {row.id<core::BodyId>(7), row.integer(8)};
    view.value_offset = row.integer(9);
    view.value_bytes = row.integer(10);
    if (!row.is_null(11))
      view.error = core::RequestError{row.small(11), row.text(12), row.text(13), row.state<core::ErrorSource>(14)};
    return view;
  });
}

core::Result<std::string> SqliteStore::read_chunk(core::BodyId body, std::int64_t index) {
  return verb([&] { return get_chunk(body, index); });
}

core::Result<core::RequestPage> SqliteStore::list_requests(core::OwnerId, const core::RequestFilter&, core::RequestId,
                                                           int) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

}  // namespace batchd::storage
