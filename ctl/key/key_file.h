// Where a key is kept, and how it gets there: whole or not at all, and by root only where nobody else can interfere.
#pragma once

#include <string>
#include <string_view>

#include "config/api_key.h"
#include "config/config.h"
#include "ctl/console/command_error.h"

namespace batchd::ctl {

// Returns the path of the file where the account's key goes: its api_key_file, else the credential of its kind. Throws
// CommandError if it can't be written there, as far as a look tells.
std::string find_key_file(const config::Account& account);

// Replaces the file's content, or makes the file. When it returns that is on the disk; else it throws CommandError. An
// api_key_file that was there keeps its owner and group, and its mode without rights that no key needs. A new one, and
// SharedKey::file, is for the user batchd to read, if there is one, not for its group. A credential is root's alone.
void write_key_file(const std::string& file, std::string_view key, const config::SharedKey& shared);

}  // namespace batchd::ctl
