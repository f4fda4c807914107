// A database of an older schema, as its batchd has left it.
#pragma once

#include "storage/sqlite/schema.h"
#include "tests/storage/sqlite/raw_sqlite.h"
#include "tests/storage/sqlite/sqlite_stories.h"

namespace batchd::storage::testing {

inline constexpr int kManyBatches = 1203;  // the migration to schema 4 takes three steps for them
inline constexpr std::int64_t kFirstOfMany = 10'000;

class OldDatabase : public ::testing::Test {
 protected:
  std::string path(const std::string& name = "batchd.db") const { return folder_.file(name); }

  // Makes an empty database of this schema, as set up by a store, and runs `sql` on it.
  void make_old(const std::string& sql, std::size_t version = 3) {
    Raw raw(path());
    raw.run("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;");
    for (std::size_t i = 0; i < version; ++i) ASSERT_EQ(raw.run(std::string(migrations()[i].sql)), SQLITE_OK);
    ASSERT_EQ(
        raw.run(
            std::string("INSERT INTO meta VALUES('installation', 'abcdefgh');"
                        "INSERT INTO lane(id, account, endpoint, model) VALUES(1, 'default', 'answers', 'small-1');") +
            "PRAGMA user_version = " + std::to_string(version)),
        SQLITE_OK);
    ASSERT_EQ(raw.run(sql), SQLITE_OK);
  }
  std::unique_ptr<TransactionalStore> open(const std::string& name = "batchd.db") const {
    SqliteConfig config;
    config.path = path(name);
    return open_sqlite(config).value();
  }
  // Of schema 4: a lineage, splits that stand in the middle, and requests of two owners.
  static std::string splits_of_version_4() {
    const auto batch = [](int id, int state, int packed, const char* parent, int root, int creates, const char* rule) {
      return "INSERT INTO batch(id, lane, state, reason, items, packed, parent, root, creates, created_at, state_since,"
             " split_rule, split_first) VALUES(" +
             std::to_string(id) + ", 1, " + std::to_string(state) + ", 1, " + std::to_string(packed) + ", " +
             std::to_string(packed) + ", " + parent + ", " + std::to_string(root) + ", " + std::to_string(creates) +
             ", 0, 0, " + rule + ", 3);";
    };
    const auto requests = [](int first, int count, int owner, int of) {
      return "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(count - 1) +
             ") INSERT INTO request(id, owner, lane, state, batch, last_batch, body, body_bytes, tokens, client_key,"
             " created_at, queued_at) SELECT " +
             std::to_string(first) + " + i, " + std::to_string(owner) + ", 1, 1, " + std::to_string(of) + ", " +
             std::to_string(of) + ", " + std::to_string(first) + " + i, 0, 1, '', 0, 0 FROM n;";
    };
    return "UPDATE lane SET made_by = 1001, ratio = 1250000, allowance = 77, allowance_since = 5;"
           // A lineage of 20: done, then 21 (live) and 22 (done).
           + batch(20, 15, 0, "NULL", 20, 9, "2") + batch(21, 3, 1, "20", 20, 0, "NULL") +
           batch(22, 15, 0, "20", 20, 0, "NULL") +
           requests(200, 1, 1001, 21)
           // 30 is being cut by owner: Anna's went to 31, one of Bob's to 32; two of his and one each of two others
           // stay.
           + batch(30, 9, 4, "NULL", 30, 2, "1") + batch(31, 0, 2, "30", 30, 0, "NULL") +
           batch(32, 0, 1, "30", 30, 0, "NULL") + requests(300, 2, 1001, 31) + requests(310, 1, 1002, 32) +
           requests(320, 2, 1002, 30) + requests(330, 1, 1003, 30) +
           requests(340, 1, 1004, 30)
           // 40 is being halved: the first half has gone.
           + batch(40, 9, 3, "NULL", 40, 1, "2") + batch(41, 0, 3, "40", 40, 0, "NULL") + requests(400, 3, 1001, 41) +
           requests(410, 3, 1001, 40) +
           "INSERT INTO counter VALUES(1, 1001, 1, 9), (1, 1002, 1, 3), (1, 1003, 1, 1), (1, 1004, 1, 1),"
           " (2, 0, 0, 14), (8, 3, 0, 1), (8, 15, 0, 2), (8, 9, 0, 2), (8, 0, 0, 3), (9, 0, 0, 999);";
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
