#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<core::AuditStep> SqliteStore::audit_bodies(std::int64_t) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<core::AuditStep> SqliteStore::audit_requests(std::int64_t) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

}  // namespace batchd::storage
