#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<core::Cancelled> SqliteStore::cancel(core::OwnerId, core::RequestId, core::WallTime) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<core::Expired> SqliteStore::expire_due(core::WallTime) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

}  // namespace batchd::storage
