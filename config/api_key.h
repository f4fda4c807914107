// What a key looks like, and where `batchctl setup` puts one: for whoever takes a key from a person. Reading the key
// that is in force is read_api_key() in config/config.h.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace batchd::config {

// Where the key of an account without api_key_file is kept under systemd: the unit's
// LoadCredential=gemini_api_key:batchd.gemini_api_key looks for this file in systemd's credential store at each start,
// and hands it to the daemon as $CREDENTIALS_DIRECTORY/gemini_api_key. Only root reads it here.
inline constexpr std::string_view kStoredCredential = "/etc/credstore/batchd.gemini_api_key";

// Where the daemon looks last, and the key goes where systemd doesn't hand credentials over (in some containers, or
// with a unit of one's own). For the daemon's user alone: the group may use the socket, and must not see the key.
inline constexpr std::string_view kKeyFile = "/etc/batchd/gemini_api_key";

inline constexpr std::size_t kApiKeyBytesMax = 4096;

// The key in what a person or a file gave, white space around it removed; a part of `text`. Errc::invalid: empty, too
// long, or not a header value. `place` says in the error where it is from; the content isn't in it.
core::Result<std::string_view> api_key_in(std::string_view text, const std::string& place);

}  // namespace batchd::config
