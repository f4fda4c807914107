#include "storage/sqlite/db.h"

#include "core/check.h"

namespace batchd::storage {

Db::Db(sqlite3* handle) : handle_(handle) {
  sqlite3_extended_result_codes(handle, 1);
  // Replaces SQLite's own automatic checkpoint, which would run inside COMMIT and delay its verbs.
  sqlite3_wal_hook(
      handle,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Db*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
}

Db::~Db() { statements_.clear(); }

sqlite3_stmt* Db::statement(const char* sql) {
  auto& cached = statements_[sql];
  if (!cached) {
    sqlite3_stmt* fresh = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &fresh, nullptr);
    if (code != SQLITE_OK) fail(code);
    cached.reset(fresh);
  }
  CHECK(!sqlite3_stmt_busy(cached.get()));  // a statement in use must not be started again inside its own loop
  return cached.get();
}

void Db::script(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

void Db::checkpoint() { checkpoint(SQLITE_CHECKPOINT_PASSIVE); }
void Db::wipe_log() { checkpoint(SQLITE_CHECKPOINT_TRUNCATE); }

void Db::checkpoint(int mode) {
  int log = 0;
  int done = 0;
  const int code = sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, mode, &log, &done);
  if (code != SQLITE_OK) fail(code);
  if (log == done) wal_pages_ = 0;
}

void Db::fail(int code) {
  const std::string words = std::string(sqlite3_errmsg(handle_.get())) + " (SQLite " + std::to_string(code) + ")";
  switch (code & 0xff) {
    case SQLITE_FULL:
      if (health_ == Health::good) health_ = Health::full;
      last_error_ = {core::Errc::disk_full, words};
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      health_ = Health::broken;
      last_error_ = {core::Errc::locked, words};
      break;
    default:  // I/O error, corruption, no memory, or a bug of ours: a retry wouldn't help
      health_ = Health::broken;
      last_error_ = {core::Errc::store_failed, words};
  }
  throw VerbFailed{last_error_};
}

Query::~Query() { sqlite3_reset(statement_); }  // null in a moved-from Query: does nothing

bool Query::row() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  db_.fail(code);
}

std::string_view Query::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return {data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<core::WallTime> Query::maybe_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

void Query::bind_integer(int index, std::int64_t value) {
  CHECK(sqlite3_bind_int64(statement_, index, value) == SQLITE_OK);
}
void Query::bind_null(int index) { CHECK(sqlite3_bind_null(statement_, index) == SQLITE_OK); }
void Query::bind_text(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();  // a null pointer would be bound as NULL
  CHECK(sqlite3_bind_text64(statement_, index, data, value.size(), text_lifetime_, SQLITE_UTF8) == SQLITE_OK);
}
void Query::bind_blob(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  CHECK(sqlite3_bind_blob64(statement_, index, data, value.size(), text_lifetime_) == SQLITE_OK);
}

}  // namespace batchd::storage
