// Who may call over TCP: the tokens file, and the bearer tokens that requests carry. Tokens are kept and compared as
// SHA-256 digests only; no token is ever in an error, in the log or in the store.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

class StoreClient;

// One line of the file: OWNER TOKEN [admin]. An owner may have any number of tokens.
struct TokenLine {
  std::string owner;   // 1 to 64 of A-Z a-z 0-9 . _ -
  std::string digest;  // of the token: 16 to 256 printable ASCII characters without spaces
  bool admin = false;
};

// Parses the text of a tokens file. Blank lines and lines that start with # are skipped. Returns Errc::invalid if a
// line is malformed or a token occurs twice; the error names the line's number, never its content.
core::Result<std::vector<TokenLine>> parse_tokens(std::string_view text);
// Reads and parses the file `path`. Returns Errc::invalid also if it can't be read, isn't a regular file, is over 1
// MiB, or if others (mode & 007) or the group `clients` may use it.
core::Result<std::vector<TokenLine>> read_tokens(const std::string& path, std::optional<gid_t> clients = std::nullopt);

// Returns the token that a request carries, or an empty text. Looks in this order: Authorization (Bearer, or the
// password of Basic), x-goog-api-key, ?key=. A ?key= that is used is removed from the query, so that no handler takes
// it for a parameter.
std::string take_token(RequestHead& head);

// The tokens in force. For use on the executor's thread only; the tokens may be replaced at any time.
class BearerTokens {
 public:
  using Peers = std::unordered_map<std::string, Peer>;  // by digest
  // Puts `peers` in force instead of the present ones. Gives every token a number (Peer::credential), which the token
  // keeps as long as it stands for the same owner and rights.
  void replace(Peers peers);
  // Returns who calls with this token; nullopt if the token isn't in force.
  std::optional<Peer> peer_of(std::string_view token) const;
  // Returns true if the token with this number is in force, or if `credential` is 0 (no token was needed).
  bool in_force(std::uint64_t credential) const { return credential == 0 || in_force_.contains(credential); }
  std::size_t size() const { return peers_.size(); }

 private:
  Peers peers_;
  std::unordered_set<std::uint64_t> in_force_;
  std::uint64_t last_credential_ = 0;
};

// Reads server.tokens_file and puts its tokens in force, at start and at each reload. Nothing changes if this returns
// an error. The group that may open the socket must not be able to read the file, since a reader can act as any owner.
// Requests under way go on with the identity that they began with, but a request that waits ends when it next finds its
// token gone.
Task<core::Result<void>> load_bearer_tokens(BearerTokens& tokens, StoreClient& store, config::Server server);

}  // namespace batchd::daemon
