// Opening a database: permissions, refusals, migrations.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "storage/sqlite/schema.h"
#include "tests/storage/sqlite/raw_sqlite.h"
#include "tests/storage/sqlite/sqlite_stories.h"

namespace batchd::storage::testing {
namespace {

class Opening : public ::testing::Test {
 protected:
  SqliteConfig config() const {
    SqliteConfig made;
    made.path = folder_.file("batchd.db");
    return made;
  }
  Errc refusal() const {
    auto opened = open_sqlite(config());
    CHECK(opened.has_error());
    return opened.error().code;
  }
  RequestId accept_one(TransactionalStore& store) {
    NewRequest fresh;
    fresh.owner = kAnna;
    fresh.lane = kLane;
    fresh.body = R"({"text":"the body that will be moved"})";
    return commit(store, [&](Store& s) { return s.accept(fresh, kStart); }).value().id;
  }
  TemporaryFolder folder_;
};

TEST_F(Opening, FilesArePrivate) {
  auto store = open_sqlite(config()).value();
  accept_one(*store);
  for (const auto* suffix : {"", "-wal"}) {
    struct stat info {};
    ASSERT_EQ(::stat((config().path + suffix).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
  }
  EXPECT_NE(::access((config().path + "-shm").c_str(), F_OK), 0);  // no shared memory: no second connection
}

TEST_F(Opening, SettingsAreTheOnesPromised) {
  open_sqlite(config()).value().reset();
  Raw raw(config().path);
  EXPECT_EQ(raw.ask("PRAGMA page_size"), "8192");
  EXPECT_EQ(raw.ask("PRAGMA auto_vacuum"), "2");
  EXPECT_EQ(raw.ask("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(raw.ask("PRAGMA user_version"), std::to_string(migrations().size()));
  EXPECT_EQ(raw.ask("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND strict = 0"
                    " AND name NOT LIKE 'sqlite_%'"),
            "0");
}

TEST_F(Opening, ASecondOpenerIsRefused) {
  auto store = open_sqlite(config()).value();
  EXPECT_EQ(refusal(), Errc::locked);
  const auto child = ::fork();
  if (child == 0) ::_exit(refusal() == Errc::locked ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  accept_one(*store);  // undisturbed
  store.reset();
  EXPECT_TRUE(open_sqlite(config()).has_value());
}

TEST_F(Opening, NewerAndForeignDatabasesAreRefused) {
  open_sqlite(config()).value().reset();
  Raw(config().path).run("PRAGMA user_version = 999");
  EXPECT_EQ(refusal(), Errc::newer_schema);
  ASSERT_EQ(::unlink(config().path.c_str()), 0);
  Raw(config().path).run("CREATE TABLE theirs(x)");
  EXPECT_EQ(refusal(), Errc::invalid);
  Raw raw(config().path);
  EXPECT_EQ(raw.ask("SELECT count(*) FROM theirs"), "0");
}

TEST_F(Opening, AFileThatIsNoDatabaseIsRefusedAndKept) {
  const auto file = ::open(config().path.c_str(), O_CREAT | O_WRONLY, 0600);
  const std::string text(20'000, 'z');
  ASSERT_EQ(::write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(file);
  EXPECT_EQ(refusal(), Errc::store_failed);
  EXPECT_EQ(std::filesystem::file_size(config().path), text.size());
}

TEST_F(Opening, AMissingFolderIsAnError) {
  SqliteConfig elsewhere;
  elsewhere.path = folder_.file("no/such/folder.db");
  EXPECT_EQ(open_sqlite(elsewhere).error().code, Errc::store_failed);
}

TEST_F(Opening, AChunkInAnothersPlaceIsNoticed) {
  auto store = open_sqlite(config()).value();
  accept_one(*store);
  store.reset();
  Raw(config().path).run("UPDATE chunk SET id = id + 512");
  store = open_sqlite(config()).value();
  EXPECT_EQ(commit(*store, [](Store& s) { return s.read_chunk(BodyId{2}, 0); }).error().code, Errc::corrupt);
}

// --- migrations. To the next one: add its database below, made by the batchd that wrote it, to kOldSchemas.

struct OldSchema {
  std::size_t version;
  const char* rows;  // something of every kind that the migration touches
};
// Two queued, one of them held by a caller whose answer was never written; one packed. Schema 4 has the same columns.
constexpr const char* kRowsOfVersion3 =
    "INSERT INTO lane(id, account, endpoint, model) VALUES(1, 'default', 'answers',"
    " 'small-1'), (2, 'default', 'vectors', 'e');"
    "INSERT INTO batch(id, lane, state, reason, items, body_bytes, tokens, packed, root, created_at,"
    " state_since) VALUES(70, 1, 1, 4, 1, 4, 9, 1, 70, 1800000000000, 1800000000000);"
    "INSERT INTO request(id, owner, lane, state, batch, body, body_bytes, tokens, client_key, created_at,"
    " queued_at, held) VALUES(77, 1001, 1, 0, NULL, 1, 2, 5, 'k', 1800000000000, 1800000000000, 1),"
    " (78, 1002, 2, 0, NULL, 2, 3, 6, '', 1800000000000, 1800000000000, 0),"
    " (79, 1001, 1, 1, 70, 3, 4, 9, '', 1800000000000, 1800000000000, 0);"
    "INSERT INTO held_call VALUES(77, 1001, x'63616c6c', 1, NULL);"
    "INSERT INTO stage VALUES(9, 0, 0, 1, NULL);"
    "INSERT INTO counter VALUES(1, 1001, 0, 1), (1, 1001, 1, 1), (1, 1002, 0, 1), (2, 0, 0, 3),"
    " (4, 1, 1001, 1), (5, 1, 1001, 2), (6, 1, 1001, 5), (4, 2, 1002, 1), (5, 2, 1002, 3), (6, 2, 1002, 6),"
    " (8, 1, 0, 1), (9, 0, 0, 79), (10, 0, 0, 2), (11, 0, 0, 5), (12, 1001, 0, 2), (12, 1002, 0, 3),"
    " (14, 0, 0, strftime('%s', 'now') * 1000);";
constexpr std::array kOldSchemas{
    // Two queued, one packed.
    OldSchema{1,
              "INSERT INTO lane VALUES(1, 'default', 'answers', 'small-1'),"
              " (2, 'default', 'vectors', 'e');"
              "INSERT INTO batch(id, lane, state, reason, items, body_bytes, tokens, packed, root, created_at,"
              " state_since) VALUES(70, 1, 1, 4, 1, 4, 9, 1, 70, 1800000000000, 1800000000000);"
              "INSERT INTO request(id, owner, lane, state, batch, body, body_bytes, tokens, client_key, created_at,"
              " queued_at) VALUES(77, 1001, 1, 0, NULL, 1, 2, 5, 'k', 1800000000000, 1800000000000),"
              " (78, 1002, 2, 0, NULL, 2, 3, 6, '', 1800000000000, 1800000000000),"
              " (79, 1001, 1, 1, 70, 3, 4, 9, '', 1800000000000, 1800000000000);"
              "INSERT INTO stage VALUES(9, 0, 0);"
              "INSERT INTO counter VALUES(1, 1001, 0, 1), (1, 1001, 1, 1), (1, 1002, 0, 1), (2, 0, 0, 3),"
              " (4, 1, 1001, 1), (5, 1, 1001, 2), (6, 1, 1001, 5), (4, 2, 1002, 1), (5, 2, 1002, 3), (6, 2, 1002, 6),"
              " (8, 1, 0, 1), (9, 0, 0, 79);"},
    // The same; one of the queued is held by a caller.
    OldSchema{2,
              "INSERT INTO lane(id, account, endpoint, model) VALUES(1, 'default', 'answers',"
              " 'small-1'), (2, 'default', 'vectors', 'e');"
              "INSERT INTO batch(id, lane, state, reason, items, body_bytes, tokens, packed, root, created_at,"
              " state_since) VALUES(70, 1, 1, 4, 1, 4, 9, 1, 70, 1800000000000, 1800000000000);"
              "INSERT INTO request(id, owner, lane, state, batch, body, body_bytes, tokens, client_key, created_at,"
              " queued_at, held) VALUES(77, 1001, 1, 0, NULL, 1, 2, 5, 'k', 1800000000000, 1800000000000, 1),"
              " (78, 1002, 2, 0, NULL, 2, 3, 6, '', 1800000000000, 1800000000000, 0),"
              " (79, 1001, 1, 1, 70, 3, 4, 9, '', 1800000000000, 1800000000000, 0);"
              "INSERT INTO held_call VALUES(77, 1001, x'63616c6c', 1);"
              "INSERT INTO stage VALUES(9, 0, 0, 1, NULL);"
              "INSERT INTO counter VALUES(1, 1001, 0, 1), (1, 1001, 1, 1), (1, 1002, 0, 1), (2, 0, 0, 3),"
              " (4, 1, 1001, 1), (5, 1, 1001, 2), (6, 1, 1001, 5), (4, 2, 1002, 1), (5, 2, 1002, 3), (6, 2, 1002, 6),"
              " (8, 1, 0, 1), (9, 0, 0, 79), (10, 0, 0, 2), (11, 0, 0, 5), (12, 1001, 0, 2), (12, 1002, 0, 3),"
              " (14, 0, 0, strftime('%s', 'now') * 1000);"},
    OldSchema{3, kRowsOfVersion3}, OldSchema{4, kRowsOfVersion3}};

TEST_F(Opening, EveryOldSchemaIsBroughtUpToDate) {
  for (const auto& old : kOldSchemas) {
    const auto path = folder_.file("v" + std::to_string(old.version) + ".db");
    {
      Raw raw(path);
      for (std::size_t i = 0; i < old.version; ++i)
        ASSERT_EQ(raw.run(std::string(migrations()[i].sql)), SQLITE_OK) << "migration " << i;
      ASSERT_EQ(raw.run(old.rows), SQLITE_OK);
      ASSERT_EQ(raw.run("PRAGMA user_version = " + std::to_string(old.version)), SQLITE_OK);
    }
    const auto counters = [&] {
      return Raw(path).ask(
          "SELECT group_concat(kind || ':' || a || '=' || value, ' ') FROM"
          " (SELECT kind, a, value FROM counter WHERE kind BETWEEN 10 AND 13 ORDER BY kind, a)");
    };
    SqliteConfig made;
    made.path = path;
    auto store = open_sqlite(made).value();
    const auto seen = commit(*store, [](Store& s) { return s.find_request(kAnna, RequestId{77}); }).value();
    EXPECT_EQ(seen.key, "k");
    EXPECT_EQ(seen.lane, kLane);
    EXPECT_TRUE(commit(*store, [](Store& s) { return s.counts(); }).value().balanced());
    EXPECT_EQ(commit(*store, [](Store& s) { return s.summarise_queue(); }).value().front().owners.front().tokens, 5);
    store.reset();
    EXPECT_EQ(counters(), "10:0=2 11:0=5 12:1001=2 12:1002=3");
    // Batches may have been purged until now.
    EXPECT_EQ(Raw(path).ask("SELECT abs(value - strftime('%s', 'now') * 1000) < 3600000 FROM counter WHERE kind = 14"),
              "1");

    // What was there before the new columns is as good as what comes now.
    store = open_sqlite(made).value();
    EXPECT_FALSE(commit(*store, [](Store& s) { return s.recover(kStart); }).value());
    const auto orphan = commit(*store, [](Store& s) { return s.adopt_orphan(kAnna, "call", kStart); }).value();
    EXPECT_EQ(orphan, old.version > 1 ? std::optional(RequestId{77}) : std::nullopt);
    for (const auto& request : {std::pair(kAnna, 77), std::pair(kBob, 78), std::pair(kAnna, 79)})
      EXPECT_TRUE(commit(*store, [&](Store& s) {
                    return s.cancel(request.first, RequestId{request.second}, kStart);
                  }).has_value());
    EXPECT_EQ(commit(*store, [](Store& s) { return s.get_batch(BatchId{70}); }).value().packed, 0);
    EXPECT_TRUE(commit(*store, [](Store& s) { return s.counts(); }).value().balanced());
    store.reset();
    EXPECT_EQ(counters(), "");
  }
}

TEST_F(Opening, AMigrationIsPrecededByACopyAndHappensWhollyOrNotAtAll) {
  const auto path = folder_.file("m.db");
  const auto migrate_to = [&](std::span<const Migration> list) {
    sqlite3* handle = nullptr;
    CHECK(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
    Db db(handle);
    migrate(db, path, list);
  };
  constexpr std::array kFirst{Migration{"CREATE TABLE a(x); INSERT INTO a VALUES('kept');"}};
  migrate_to(kFirst);
  EXPECT_NE(::access((path + ".bak-v0").c_str(), F_OK), 0);  // nothing to copy yet
  constexpr std::array kBroken{kFirst[0], Migration{"DROP TABLE a; CREATE TABLE nonsense(;"}};
  EXPECT_THROW(migrate_to(kBroken), VerbFailed);
  EXPECT_EQ(Raw(path).ask("SELECT x FROM a"), "kept");
  constexpr std::array kSecond{kFirst[0], Migration{"ALTER TABLE a ADD COLUMN y; UPDATE a SET x = 'new';"}};
  migrate_to(kSecond);
  EXPECT_EQ(Raw(path).ask("SELECT x FROM a"), "new");
  EXPECT_EQ(Raw(path).ask("PRAGMA user_version"), "2");
  Raw copy(path + ".bak-v1");
  EXPECT_EQ(copy.ask("SELECT x FROM a"), "kept");
  EXPECT_EQ(copy.ask("PRAGMA user_version"), "1");
}

}  // namespace
}  // namespace batchd::storage::testing
