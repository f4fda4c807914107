// The tables, as an ordered list of migrations. user_version counts how many of them a database has seen.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/sqlite/db.h"

namespace batchd::storage {

// Never change one that was released: append the next.
std::span<const std::string_view> migrations();

// Brings the database up to the end of `list`, each step in a transaction of its own. A database that holds something
// already is first copied to PATH.bak-vN. Throws VerbFailed: newer_schema, invalid (not a database of batchd), or what
// Db throws.
void migrate(Db& db, const std::string& path, std::span<const std::string_view> list);

}  // namespace batchd::storage
