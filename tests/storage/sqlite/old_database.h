// A database of schema 3, as its batchd has left it.
#pragma once

#include "storage/sqlite/schema.h"
#include "tests/storage/sqlite/raw_sqlite.h"
#include "tests/storage/sqlite/sqlite_stories.h"

namespace batchd::storage::testing {

inline constexpr int kManyBatches = 1203;  // the migration takes three steps for them
inline constexpr std::int64_t kFirstOfMany = 10'000;

class OldDatabase : public ::testing::Test {
 protected:
  std::string path(const std::string& name = "batchd.db") const { return folder_.file(name); }

  // Makes an empty database of schema 3, as set up by a store, and runs `sql` on it.
  void make_old(const std::string& sql) {
    Raw raw(path());
    raw.run("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;");
    for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(raw.run(std::string(migrations()[i].sql)), SQLITE_OK);
    ASSERT_EQ(raw.run("INSERT INTO meta VALUES('installation', 'abcdefgh');"
                      "INSERT INTO lane(id, account, endpoint, model) VALUES(1, 'default', 'answers', 'small-1');"
                      "PRAGMA user_version = 3;"),
              SQLITE_OK);
    ASSERT_EQ(raw.run(sql), SQLITE_OK);
  }
  std::unique_ptr<TransactionalStore> open(const std::string& name = "batchd.db") const {
    SqliteConfig config;
    config.path = path(name);
    return open_sqlite(config).value();
  }
  // Batches in every state, with up to three uploads, every kind of end and of refusal.
  static std::string many_batches() {
    return "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < " +
           std::to_string(kManyBatches - 1) +
           ") INSERT INTO batch(id, lane, state, reason, items, root, created_at, state_since, upload_n, mime_index,"
           " token, job, refusal, end, end_code, message, result_file) SELECT " +
           std::to_string(kFirstOfMany) + " + i, 1, i % 16, 1, 1, " + std::to_string(kFirstOfMany) +
           " + i, 0, 0, i % 4, i % 3, 't' || i, 'job-' || i, i % 4, nullif(i / 4 % 5, 0), i % 18, 'said ' || i,"
           " CASE WHEN i % 2 THEN 'files/r' || i ELSE '' END FROM n;";
  }

  TemporaryFolder folder_;
};

}  // namespace batchd::storage::testing
