#include "tests/storage/sqlite/sqlite_stories.h"

#include "tests/storage/sqlite/raw_sqlite.h"

namespace batchd::storage::testing {

std::unique_ptr<TransactionalStore> SqliteFactory::open() {
  SqliteConfig config;
  config.path = path();
  return open_sqlite(config).value();
}

bool SqliteFactory::damage_body(BodyId body) {
  Raw raw(path());
  const auto row = std::to_string(body.value() * 512);
  CHECK(raw.run("UPDATE chunk SET data = CAST('#' || substr(CAST(data AS TEXT), 2) AS BLOB) WHERE id = " + row) ==
        SQLITE_OK);
  CHECK(raw.ask("SELECT total_changes()") == "1");
  return true;
}

}  // namespace batchd::storage::testing
