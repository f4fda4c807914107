// What an API key looks like, and where keys are: for read_api_key() in config/config.h, which reads the key in force,
// and for `batchctl setup`, which takes one from a person.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace batchd::config {

// The places of an account's own key, besides its api_key_file.
struct OwnKey {
  std::string credential;  // NAME.api_key, a file in $CREDENTIALS_DIRECTORY
  std::string variable;    // BATCHD_ACCOUNTS__NAME__API_KEY
};
OwnKey own_key(const std::string& account);

// The places of the key of all accounts of a kind that have none of their own.
struct SharedKey {
  std::string kind;
  std::string credential;  // KIND_api_key, a file in $CREDENTIALS_DIRECTORY
  std::string variable;    // BATCHD_KIND_API_KEY
  // Where the daemon looks last: the place for a key where systemd doesn't hand credentials over (in some containers,
  // or with a unit of one's own). Only the daemon's user may read it: the group may use the socket, but must not see
  // the key.
  std::string file;  // /etc/batchd/KIND_api_key
  // Where the credential is kept under systemd: the unit's LoadCredential=KIND_api_key:batchd.KIND_api_key looks for
  // this file in systemd's credential store at each start. Only root reads it here.
  std::string stored;  // /etc/credstore/batchd.KIND_api_key
};
SharedKey shared_key(const std::string& kind);

inline constexpr std::size_t kApiKeyBytesMax = 4096;

// Returns the key in `text`, which came from a person or a file: the part of `text` without the white space around it.
// Errc::invalid: empty, too long, or not a header value. The error names `place`, never the content.
core::Result<std::string_view> api_key_in(std::string_view text, const std::string& place);

// Returns `words`, which somebody else wrote, with "(the key)" wherever `key` stands in them: for logs and terminals.
std::string mask_key(std::string words, std::string_view key);

}  // namespace batchd::config
