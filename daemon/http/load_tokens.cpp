// The tokens file put in force: its owners get their numbers from the store.
#include <unistd.h>

#include "daemon/engine/store_client.h"
#include "daemon/http/bearer_tokens.h"
#include "daemon/http/peer.h"

namespace batchd::daemon {

Task<core::Result<void>> load_bearer_tokens(BearerTokens& tokens, StoreClient& store, config::Server server) {
  const auto group = find_group(server.socket_group);
  if (!group) co_return group.error();
  std::optional<gid_t> clients;
  if ((server.socket_mode & 070) != 0) clients = group->value_or(::getegid());
  const auto lines = read_tokens(server.tokens_file, clients);
  if (!lines) co_return lines.error();
  BearerTokens::Peers peers;
  for (const auto& line : *lines) {
    const auto owner = co_await store.state(&core::Store::owner_named, line.owner);
    if (!owner) co_return owner.error();
    peers.emplace(line.digest, Peer{*owner, line.admin, true});
  }
  tokens.replace(std::move(peers));
  co_return core::Result<void>();
}

}  // namespace batchd::daemon
