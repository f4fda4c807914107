// One SQLite connection: statements prepared once, typed binding, and the one place where result codes become errors.
//
// Inside this room a statement that fails throws VerbFailed, so that the code of a verb has no error handling;
// SqliteStore::verb() catches it, and it never leaves the room. Not thread-safe: the store's thread only.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/time.h"

namespace batchd::storage {

// Ends the running verb with this error; the verb's changes are undone.
struct VerbFailed {
  core::Error error;
};

// Bytes for a BLOB column; plain strings are bound as TEXT.
struct Blob {
  std::string_view bytes;
};

class Db;

// A statement in use, reset and given back by the destructor. An id of 0 ("none") is bound as NULL and read from NULL.
class Query {
 public:
  ~Query();
  Query(Query&& other) noexcept
      : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)), text_lifetime_(other.text_lifetime_) {}
  Query& operator=(Query&&) = delete;

  bool row();  // goes to the next row; false if there is none
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  int small(int column) const { return sqlite3_column_int(statement_, column); }
  bool flag(int column) const { return integer(column) != 0; }
  std::string_view bytes(int column) const;  // TEXT or BLOB, valid until the next row()
  std::string text(int column) const { return std::string(bytes(column)); }
  core::WallTime time(int column) const { return core::WallTime{core::Duration{integer(column)}}; }
  std::optional<core::WallTime> maybe_time(int column) const;
  template <class IdType>
  IdType id(int column) const {
    return IdType{integer(column)};
  }
  template <class Enum>
  Enum state(int column) const {
    return static_cast<Enum>(integer(column));
  }

 private:
  friend class Db;
  Query(Db& db, sqlite3_stmt* statement, sqlite3_destructor_type text_lifetime)
      : db_(db), statement_(statement), text_lifetime_(text_lifetime) {}
  void bind_integer(int index, std::int64_t value);
  void bind_null(int index);
  void bind_text(int index, std::string_view value);
  void bind_blob(int index, std::string_view value);
  template <class T>
  void bind(int index, const T& value);

  Db& db_;
  sqlite3_stmt* statement_;
  sqlite3_destructor_type text_lifetime_;
};

class Db {
 public:
  // The state of the connection after the last failure.
  enum class Health : std::uint8_t { good, full, broken };

  explicit Db(sqlite3* handle);  // takes ownership
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  // `sql` must be a literal: its address is the key of the statement cache.
  template <class... Args>
  Query query(const char* sql, const Args&... args) {
    return prepared(sql, SQLITE_TRANSIENT, args...);
  }
  // Runs the statement to its end and returns the number of rows changed.
  template <class... Args>
  std::int64_t run(const char* sql, const Args&... args) {
    Query statement = prepared(sql, nullptr, args...);  // nullptr is SQLITE_STATIC: the arguments outlive the statement
    while (statement.row()) {
    }
    return sqlite3_changes64(handle_.get());
  }
  void script(const std::string& sql);  // any number of statements, not cached

  sqlite3* handle() const { return handle_.get(); }  // for sqlite3_backup_*() only

  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  std::int64_t changes_so_far() const { return sqlite3_total_changes64(handle_.get()); }
  std::int64_t wal_pages() const { return wal_pages_; }  // after the last commit
  void checkpoint();                                     // passive; the WAL file is kept, to be overwritten
  void wipe_log();                                       // likewise, and empties the WAL file

  Health health() const { return health_; }
  const core::Error& last_error() const { return last_error_; }
  void recovered() { health_ = Health::good; }  // after a full disk was handled by rolling back
  [[noreturn]] void fail(int code);

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void checkpoint(int mode);
  sqlite3_stmt* statement(const char* sql);
  template <class... Args>
  Query prepared(const char* sql, sqlite3_destructor_type text_lifetime, const Args&... args) {
    Query query(*this, statement(sql), text_lifetime);
    int index = 0;
    (query.bind(++index, args), ...);
    return query;
  }

  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
  std::int64_t wal_pages_ = 0;
  Health health_ = Health::good;
  core::Error last_error_{core::Errc::store_failed, ""};
};

template <class T>
void Query::bind(int index, const T& value) {
  if constexpr (requires { value.has_value(); }) {
    value.has_value() ? bind(index, *value) : bind_null(index);
  } else if constexpr (std::is_same_v<T, Blob>) {
    bind_blob(index, value.bytes);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    bind_text(index, value);
  } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
    bind_integer(index, static_cast<std::int64_t>(value));
  } else if constexpr (std::is_same_v<T, core::WallTime>) {
    bind_integer(index, value.time_since_epoch().count());
  } else {
    value ? bind_integer(index, value.value()) : bind_null(index);
  }
}

}  // namespace batchd::storage
