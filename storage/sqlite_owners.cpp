#include "storage/sqlite_impl.h"

namespace batchd::storage {

core::Result<std::array<std::int64_t, core::kRequestStates>> SqliteStore::owner_counts(core::OwnerId owner) {
  return verb([&] {
    std::array<std::int64_t, core::kRequestStates> counts{};
    for (std::size_t i = 0; i < core::kRequestStates; ++i)
      counts[i] = counters_.value({CounterKind::requests, owner.value(), static_cast<std::int64_t>(i)});
    return counts;
  });
}

core::Result<core::OwnerId> SqliteStore::owner_named(const std::string&) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

core::Result<std::vector<core::OwnerUse>> SqliteStore::list_owners(int) {
  return core::Error{core::Errc::invalid, "not here yet"};
}

}  // namespace batchd::storage
