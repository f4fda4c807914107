#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<core::ResultPage> SqliteStore::list_results(core::OwnerId, const std::string&, std::int64_t, int) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<std::int64_t> SqliteStore::last_completion() { return core::Error{core::Errc::invalid, "not here yet"}; }

core::Result<core::Acknowledged> SqliteStore::acknowledge(core::OwnerId, const std::string&, std::int64_t,
                                                          core::WallTime) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<core::AcknowledgedIds> SqliteStore::acknowledge_ids(core::OwnerId, std::span<const core::RequestId>,
                                                                 core::WallTime) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

}  // namespace batchd::storage
