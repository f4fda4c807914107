// What an API key looks like, and where `batchctl setup` puts one: for programs that take a key from a person. The key
// in force is read by read_api_key() in config/config.h.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace batchd::config {

// Where the key of the accounts of kind gemini is kept under systemd: the unit's
// LoadCredential=gemini_api_key:batchd.gemini_api_key looks for this file in systemd's credential store at each start,
// and hands it to the daemon as $CREDENTIALS_DIRECTORY/gemini_api_key. Only root reads it here.
inline constexpr std::string_view kStoredCredential = "/etc/credstore/batchd.gemini_api_key";

// Where the daemon looks last: the place for a key where systemd doesn't hand credentials over (in some containers, or
// with a unit of one's own). Only the daemon's user may read it: the group may use the socket, but must not see the key.
inline constexpr std::string_view kKeyFolder = "/etc/batchd";
inline constexpr std::string_view kKeyFile = "/etc/batchd/gemini_api_key";  // of the accounts of kind gemini

inline constexpr std::size_t kApiKeyBytesMax = 4096;

// Returns the name of the environment's variable that holds the account's own key: BATCHD_ACCOUNTS__NAME__API_KEY.
std::string api_key_variable(const std::string& account);

// Returns the key in `text`, which came from a person or a file: the part of `text` without the white space around it.
// Errc::invalid: empty, too long, or not a header value. The error names `place`, never the content.
core::Result<std::string_view> api_key_in(std::string_view text, const std::string& place);

// Returns `words`, which somebody else wrote, with "(the key)" wherever `key` stands in them: for logs and terminals.
std::string mask_key(std::string words, std::string_view key);

}  // namespace batchd::config
