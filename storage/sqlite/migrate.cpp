#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "storage/sqlite/schema.h"

namespace batchd::storage {
namespace {

constexpr std::int64_t kLogPagesMax = 1000;  // between two steps; without this the log would grow with every step

[[noreturn]] void copy_failed(const std::string& what) {
  throw VerbFailed{{core::Errc::store_failed, what + ": " + std::strerror(errno)}};
}

void flush_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || ::fsync(file) != 0) copy_failed("can't flush " + path);
  ::close(file);
}

void copy_before_migration(Db& db, const std::string& path, int version) {
  const std::string target = path + ".bak-v" + std::to_string(version);
  const std::string unfinished = target + ".tmp";
  ::unlink(unfinished.c_str());
  const int file = ::open(unfinished.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) copy_failed("can't create " + unfinished);
  ::close(file);
  db.query("VACUUM INTO ?", unfinished).row();
  flush_file(unfinished);
  if (std::rename(unfinished.c_str(), target.c_str()) != 0) copy_failed("can't rename " + unfinished);
}

std::optional<std::int64_t> single(Query query) {
  if (!query.row() || query.is_null(0)) return std::nullopt;
  return query.integer(0);
}

class Migrator {
 public:
  Migrator(Db& db, const std::function<void()>& at_commit) : db_(db), at_commit_(at_commit) {}

  void apply(const Migration& migration, std::size_t version) {
    transaction([&] {
      db_.script(std::string(migration.sql) + "PRAGMA user_version = " + std::to_string(version));
      if (migration.step != nullptr) db_.run("INSERT INTO meta(name, value) VALUES('migration_cursor', '0')");
    });
  }

  // Goes on with the steps of the version that the database has.
  void finish(const Migration& migration) {
    if (migration.step == nullptr) return;
    auto cursor = single(db_.query("SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'migration_cursor'"));
    while (cursor) {
      transaction([&] {
        cursor = migration.step(db_, *cursor);
        if (cursor)
          db_.run("UPDATE meta SET value = ? WHERE name = 'migration_cursor'", std::to_string(*cursor));
        else
          db_.run("DELETE FROM meta WHERE name = 'migration_cursor'");
      });
      if (db_.wal_pages() >= kLogPagesMax) db_.checkpoint();
    }
  }

 private:
  template <class Body>
  void transaction(Body body) {
    db_.run("BEGIN IMMEDIATE");
    body();
    if (at_commit_) at_commit_();
    db_.run("COMMIT");
    if (at_commit_) at_commit_();
  }

  Db& db_;
  const std::function<void()>& at_commit_;
};

}  // namespace

void migrate(Db& db, const std::string& path, std::span<const Migration> list, const std::function<void()>& at_commit) {
  const auto version = static_cast<std::size_t>(single(db.query("PRAGMA user_version")).value_or(0));
  if (version > list.size())
    throw VerbFailed{{core::Errc::newer_schema, path + " has schema version " + std::to_string(version) +
                                                    ", this batchd knows " + std::to_string(list.size())}};
  if (version == 0 && single(db.query("SELECT count(*) FROM sqlite_schema")).value_or(0) > 0)
    throw VerbFailed{{core::Errc::invalid, path + " is a database, but not one of batchd"}};
  Migrator migrator(db, at_commit);
  if (version > 0) migrator.finish(list[version - 1]);
  if (version > 0 && version < list.size()) copy_before_migration(db, path, static_cast<int>(version));
  for (auto next = version; next < list.size(); ++next) {
    migrator.apply(list[next], next + 1);
    migrator.finish(list[next]);
  }
}

}  // namespace batchd::storage
