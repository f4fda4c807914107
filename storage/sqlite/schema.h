// The tables, as an ordered list of migrations. user_version is the number of migrations that a database has had.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/sqlite/db.h"

namespace batchd::storage {

struct Migration {
  std::string_view sql;  // runs as a whole: it must not depend on how many requests are kept
  // What SQL alone can't say, or what takes long. Changes the next rows, a bounded number of them, and returns the
  // cursor to go on from; nullopt: there were no more. The first cursor is 0.
  std::optional<std::int64_t> (*step)(Db& db, std::int64_t cursor) = nullptr;
};

// Never change a migration that was released: append another.
std::span<const Migration> migrations();

// Applies the migrations of `list` that the database hasn't had. The SQL of each is a transaction, and so is each call
// of its step, which keeps the cursor; if the process ends in between, the next migrate() goes on from there. Before
// the first migration a database of an older version N is copied to PATH.bak-vN; one that is half-way through its steps
// isn't copied again. On return all steps are done. `at_commit` is for tests: it is called before and after each
// commit. Throws VerbFailed: newer_schema, invalid (not a database of batchd), store_failed (no copy), or what Db
// throws.
void migrate(Db& db, const std::string& path, std::span<const Migration> list,
             const std::function<void()>& at_commit = {});

// The step of version 4: fills the batches' new columns and table `upload`. step4.cpp
std::optional<std::int64_t> fill_batches_of_version_3(Db& db, std::int64_t after);

}  // namespace batchd::storage
