#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<std::vector<core::Batch>> SqliteStore::list_fenced(const std::string&, core::WallTime) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<bool> SqliteStore::knows_token(const std::string&) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<void> SqliteStore::note_strange_job(const core::StrangeJob&) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<std::vector<core::StrangeJob>> SqliteStore::list_strange_jobs() {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<void> SqliteStore::accept_strange_jobs(const std::string&) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

}  // namespace batchd::storage
