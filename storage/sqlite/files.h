// What the store does to files by itself, without SQLite. Failures are thrown as VerbFailed with the system's words.
#pragma once

#include <string>

#include "core/error.h"

namespace batchd::storage {

[[noreturn]] void give_up(core::Errc code, std::string why);
[[noreturn]] void give_up_errno(const std::string& what);  // store_failed, with the text of errno

// Returns the path's folder; "." if the path has none.
std::string folder_of(const std::string& path);
void flush_folder(const std::string& folder);  // makes durable what was created or renamed in it

}  // namespace batchd::storage
