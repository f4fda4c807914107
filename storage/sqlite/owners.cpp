#include <algorithm>

#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

constexpr std::int64_t kLastUidOwner = std::int64_t{1} << 32;  // core/ids.h: a uid's owner is uid + 1

std::int64_t unfinished(const core::OwnerUse& use) {
  return use.requests[static_cast<std::size_t>(core::RequestState::queued)] +
         use.requests[static_cast<std::size_t>(core::RequestState::packed)];
}

}  // namespace

core::Result<std::array<std::int64_t, core::kRequestStates>> SqliteStore::owner_counts(core::OwnerId owner) {
  return verb([&] {
    std::array<std::int64_t, core::kRequestStates> counts{};
    for (std::size_t i = 0; i < core::kRequestStates; ++i)
      counts[i] = counters_.value({CounterKind::requests, owner.value(), static_cast<std::int64_t>(i)});
    return counts;
  });
}

core::Result<core::OwnerId> SqliteStore::owner_named(const std::string& name) {
  return verb([&]() -> core::OwnerId {
    {
      auto known = db_->query("SELECT id FROM owner WHERE name = ?", name);
      if (known.row()) return known.id<core::OwnerId>(0);
    }
    core::OwnerId owner;
    {
      auto last = db_->query("SELECT ifnull(max(id), ?) FROM owner", kLastUidOwner);
      CHECK(last.row());
      owner = core::OwnerId{last.integer(0) + 1};
    }
    db_->run("INSERT INTO owner(id, name) VALUES(?, ?)", owner, name);
    return owner;
  });
}

core::Result<std::vector<core::OwnerUse>> SqliteStore::list_owners(int limit) {
  return verb([&] {
    CHECK(limit > 0);
    std::vector<core::OwnerUse> owners;
    counters_.each(CounterKind::requests, [&](const Counters::Key& key, std::int64_t items) {
      const core::OwnerId owner{key.a};
      if (owners.empty() || owners.back().owner != owner) owners.push_back({owner, {}, {}});
      owners.back().requests.at(static_cast<std::size_t>(key.b)) = items;
    });
    const auto top = std::min(owners.size(), static_cast<std::size_t>(limit));
    std::partial_sort(owners.begin(), owners.begin() + static_cast<std::ptrdiff_t>(top), owners.end(),
                      [](const auto& a, const auto& b) {
                        const auto left = unfinished(a);
                        const auto right = unfinished(b);
                        return left != right ? left > right : a.owner < b.owner;
                      });
    owners.resize(top);
    for (auto& use : owners) {
      auto row = db_->query("SELECT name FROM owner WHERE id = ?", use.owner);
      if (row.row()) use.name = row.text(0);
    }
    return owners;
  });
}

}  // namespace batchd::storage
