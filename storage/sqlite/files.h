// What the store does to files itself, besides SQLite. All throw VerbFailed with the system's words.
#pragma once

#include <string>

#include "core/error.h"

namespace batchd::storage {

[[noreturn]] void give_up(core::Errc code, std::string why);
[[noreturn]] void give_up_errno(const std::string& what);  // store_failed

std::string folder_of(const std::string& path);
void flush_folder(const std::string& folder);  // what was made or renamed in it is durable now

}  // namespace batchd::storage
