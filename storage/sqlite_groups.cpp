#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<std::vector<core::LineAccepted>> SqliteStore::accept_lines(core::OwnerId, const std::string&,
                                                                        std::span<const core::GroupLine>,
                                                                        core::WallTime) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<core::GroupCancelled> SqliteStore::cancel_group(core::OwnerId, const std::string&, core::RequestId,
                                                             core::WallTime) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

}  // namespace batchd::storage
