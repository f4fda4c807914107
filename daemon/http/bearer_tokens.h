// Who may call over TCP: the tokens file, and the tokens that requests carry. Tokens are kept and compared as SHA-256
// digests only; none is ever in an error, in a log or in the store.
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
#include "daemon/engine/store_client.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

// One line of the file: OWNER TOKEN [admin]. An owner may have any number of tokens.
struct TokenLine {
  std::string owner;   // 1 to 64 of A-Z a-z 0-9 . _ -
  std::string digest;  // of the token: 16 to 256 printable ASCII characters without spaces
  bool admin = false;
};

// Blank lines and those that start with # are skipped. Errc::invalid: a line that can't be, or a token that is there
// twice; the error names the line's number, never its content.
core::Result<std::vector<TokenLine>> parse_tokens(std::string_view text);
// Errc::invalid: also a file that can't be read, is no file, is over 1 MiB, or that others may read (mode & 007), or
// the group `clients`.
core::Result<std::vector<TokenLine>> read_tokens(const std::string& path, std::optional<gid_t> clients = std::nullopt);

// The token that a request carries, and no longer does: a ?key= is taken out of the query, so that no handler mistakes
// it for a parameter. In this order: Authorization (Bearer, or the password of Basic), x-goog-api-key, ?key=. Empty:
// none.
std::string take_token(RequestHead& head);

// The tokens in force. One thread, that of the executor; its content may be replaced at any time.
class BearerTokens {
 public:
  using Peers = std::unordered_map<std::string, Peer>;  // by digest
  // Gives every token a number (Peer::credential), which it keeps as long as it stands for the same owner and rights.
  void replace(Peers peers);
  std::optional<Peer> peer_of(std::string_view token) const;
  bool in_force(std::uint64_t credential) const { return credential == 0 || in_force_.contains(credential); }
  std::size_t size() const { return peers_.size(); }

 private:
  Peers peers_;
  std::unordered_set<std::uint64_t> in_force_;
  std::uint64_t last_credential_ = 0;
};

// Reads server.tokens_file anew and puts it in force: at the start, and when told to reload. On an error nothing
// changes. The group that may open the socket mustn't read the file: who can, becomes any owner. Requests under way go
// on as whom they came, but those that wait end when they look for their token.
Task<core::Result<void>> load_bearer_tokens(BearerTokens& tokens, StoreClient& store, config::Server server);

}  // namespace batchd::daemon
