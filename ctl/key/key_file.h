// Where a key is kept, and how it gets there: whole or not at all.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "config/config.h"
#include "ctl/console/command_error.h"

namespace batchd::ctl {

struct KeyFile {
  std::string path;
  bool credential = false;  // of systemd's store (config/api_key.h); else a file that the daemon itself reads
};

// Where the account's key goes, after a look whether it can be written there.
std::variant<KeyFile, CommandError> find_key_file(const config::Account& account);

// Replaces the file's content, or makes the file; when it returns well, that is on the disk. An api_key_file that was
// there keeps its owner and group, and its mode without rights that no key needs. A new one, and whatever is the
// daemon's own (config::kKeyFile, or in a folder of its user), is for the user batchd to read, if there is one: its
// group may use the socket, and must not see the key. A credential is root's alone.
std::variant<std::monostate, CommandError> write_key_file(const KeyFile& file, std::string_view key);

// Removes a file that holds a key no longer in use. False: there was none, or it is still there.
bool remove_key_file(const std::string& path);

}  // namespace batchd::ctl
