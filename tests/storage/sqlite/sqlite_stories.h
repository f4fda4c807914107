// SQLite under the contract suite, and under stories of its own.
#pragma once

#include "storage/sqlite/store.h"
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {

class SqliteFactory final : public StoreFactory {
 public:
  std::unique_ptr<TransactionalStore> open() override;
  bool damage_body(BodyId body) override;
  std::string path() const { return folder_.file("batchd.db"); }  // of the database

 private:
  TemporaryFolder folder_;
};

inline constexpr StoreKind kSqlite{"sqlite",
                                   []() -> std::unique_ptr<StoreFactory> { return std::make_unique<SqliteFactory>(); }};

// For what only SQLite promises.
class SqliteStories : public StoreStories {
 protected:
  SqliteStories() : StoreStories(kSqlite.make()) {}
  std::string path() const { return static_cast<const SqliteFactory&>(*factory_).path(); }
};

}  // namespace batchd::storage::testing
