// From older schemas to the newest: the process is killed meanwhile.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/storage/sqlite/old_database.h"

namespace batchd::storage::testing {
namespace {

class KilledMigration : public OldDatabase {
 protected:
  // Returns everything that is stored, and the tables themselves.
  static std::string dump(const std::string& file) {
    Raw raw(file);
    std::string text = raw.ask("PRAGMA user_version") + '\n';
    text += raw.ask(
        "SELECT group_concat(name || ' ' || ifnull(sql, ''), char(10)) FROM"
        " (SELECT name, sql FROM sqlite_schema ORDER BY name)");
    std::string tables = raw.ask(
        "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema"
        " WHERE type = 'table' ORDER BY name)");
    for (tables += ' '; !tables.empty(); tables.erase(0, tables.find(' ') + 1)) {
      const auto table = tables.substr(0, tables.find(' '));
      const auto row = raw.ask(
          "SELECT group_concat('quote(\"' || name || '\")', ' || ''|'' || ') FROM"
          " pragma_table_info('" +
          table + "')");
      text +=
          '\n' + table + ":\n" +
          raw.ask("SELECT group_concat(row, char(10)) FROM (SELECT " + row + " AS row FROM " + table + " ORDER BY 1)");
    }
    return text;
  }
  void copy_old(const std::string& name) const {
    std::filesystem::copy_file(path(), path(name), std::filesystem::copy_options::overwrite_existing);
  }
  // When a process is killed: at the n-th call of `at_commit`, or when it begins its n-th statement; 0: never.
  struct Death {
    int at_commit = 0, at_statement = 0;
  };
  // Migrates in a process that is killed. Returns false if it had finished before.
  bool migrate_and_die(const std::string& name, Death death) const {
    const auto child = ::fork();
    if (child == 0) {
      try {
        sqlite3* handle = nullptr;
        if (sqlite3_open(path(name).c_str(), &handle) != SQLITE_OK) ::_exit(1);
        Db db(handle);
        db.script("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        sqlite3_trace_v2(
            handle, SQLITE_TRACE_STMT,
            [](unsigned, void* left, void*, void*) {
              if (--*static_cast<int*>(left) == 0) ::kill(::getpid(), SIGKILL);
              return 0;
            },
            &death.at_statement);
        migrate(db, path(name), migrations(), [&] {
          if (--death.at_commit == 0) ::kill(::getpid(), SIGKILL);
        });
      } catch (const VerbFailed&) {
        ::_exit(2);
      }
      ::_exit(0);
    }
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return false;
  }
  // Returns what an undisturbed migration makes of the same data.
  std::string undisturbed() const {
    copy_old("undisturbed.db");
    open("undisturbed.db").reset();
    return dump(path("undisturbed.db"));
  }
};

TEST_F(KilledMigration, ADeathAtAnyCommitChangesNothingOfTheResult) {
  make_old(many_batches());
  const auto expected = undisturbed();
  ASSERT_EQ(expected.substr(0, expected.find('\n')), std::to_string(migrations().size()));
  int n = 1;
  for (;; ++n) {
    ASSERT_LT(n, 20);
    SCOPED_TRACE(n);
    const auto name = std::to_string(n) + ".db";
    copy_old(name);
    if (!migrate_and_die(name, {.at_commit = n})) break;
    open(name).reset();
    ASSERT_EQ(dump(path(name)), expected);
  }
  EXPECT_EQ(n, 11) << "before and after five commits: the SQL of version 4, three steps, and the SQL of version 5";
}

TEST_F(KilledMigration, NorDoesOneOnTheWayToVersion5) {
  make_old(splits_of_version_4(), 4);
  const auto expected = undisturbed();
  int deaths = 0;
  for (const bool at_commit : {true, false})
    for (int n = 1;; ++n) {
      ASSERT_LT(n, 60);
      SCOPED_TRACE(n);
      const auto name = std::to_string(n) + (at_commit ? "c.db" : "s.db");
      copy_old(name);
      if (!migrate_and_die(name, at_commit ? Death{.at_commit = n} : Death{.at_statement = n})) break;
      ++deaths;
      open(name).reset();
      ASSERT_EQ(dump(path(name)), expected);
    }
  EXPECT_GT(deaths, 12) << "each statement of the version, and its commit";
}

TEST_F(KilledMigration, NorDoesADeathInTheMidstOfATransaction) {
  make_old(many_batches());
  const auto expected = undisturbed();
  for (const int n : {4, 9, 15, 22, 30, 45, 60, 100, 600, 1000, 1700, 2500, 3000}) {
    SCOPED_TRACE(n);
    const auto name = std::to_string(n) + ".db";
    copy_old(name);
    ASSERT_TRUE(migrate_and_die(name, {.at_statement = n})) << "it makes fewer statements";
    open(name).reset();
    ASSERT_EQ(dump(path(name)), expected);
  }
}

TEST_F(KilledMigration, EachRunGoesOnWhereTheLastWasKilled) {
  make_old(many_batches());
  copy_old("killed.db");
  const auto expected = undisturbed();
  std::vector<std::string> cursors;
  int runs = 0;
  while (migrate_and_die("killed.db", {.at_commit = 2})) {  // after its first commit
    ASSERT_LT(++runs, 10);
    cursors.push_back(Raw(path("killed.db")).ask("SELECT value FROM meta WHERE name = 'migration_cursor'"));
  }
  EXPECT_EQ(cursors, (std::vector<std::string>{"0", std::to_string(kFirstOfMany + 499),
                                               std::to_string(kFirstOfMany + 999), "", ""}));
  open("killed.db").reset();
  EXPECT_EQ(dump(path("killed.db")), expected);
}

TEST_F(KilledMigration, TheCopyOfBeforeIsMadeOnce) {
  make_old(many_batches());
  const auto before = dump(path());
  ASSERT_TRUE(migrate_and_die("batchd.db", {.at_commit = 2}));
  const auto copy = path("batchd.db.bak-v3");
  EXPECT_EQ(dump(copy), before);
  ASSERT_EQ(Raw(copy).run("CREATE TABLE nobody_touches_it(x)"), SQLITE_OK);
  ASSERT_TRUE(migrate_and_die("batchd.db", {.at_commit = 2}));
  open().reset();
  EXPECT_EQ(Raw(copy).ask("SELECT count(*) FROM nobody_touches_it"), "0");
  EXPECT_EQ(::access(path("batchd.db.bak-v4").c_str(), F_OK), 0) << "when all steps of version 4 were done";
  EXPECT_NE(::access(path("batchd.db.bak-v5").c_str(), F_OK), 0) << "nothing followed version 5";
}

TEST_F(KilledMigration, AnOlderProgramRefusesItEvenHalfWay) {
  make_old(many_batches());
  ASSERT_TRUE(migrate_and_die("batchd.db", {.at_commit = 2}));
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &handle), SQLITE_OK);
  Db db(handle);
  try {
    migrate(db, path(), migrations().first(3));
    FAIL() << "it was opened";
  } catch (const VerbFailed& failed) {
    EXPECT_EQ(failed.error.code, Errc::newer_schema);
  }
}

}  // namespace
}  // namespace batchd::storage::testing
