// The tables, as an ordered list of migrations. user_version is the number of migrations that a database has had.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/sqlite/db.h"

namespace batchd::storage {

// Never change a migration that was released: append another.
std::span<const std::string_view> migrations();

// Applies the migrations of `list` that the database hasn't had, each in a transaction of its own. Before the first one
// a database of an older version N is copied to PATH.bak-vN. Throws VerbFailed: newer_schema, invalid (not a database
// of batchd), store_failed (no copy), or what Db throws.
void migrate(Db& db, const std::string& path, std::span<const std::string_view> list);

}  // namespace batchd::storage
