#include "daemon/host/server_config.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

#include "daemon/api/bulk.h"
#include "daemon/net/log.h"

namespace batchd::daemon {
namespace {

constexpr std::int64_t kDescriptorsForOthers = 64;

std::vector<std::string> comma_separated(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    auto word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

}  // namespace

HttpServerConfig server_config(const config::Config& config, const BearerTokens& tokens, int connections_max) {
  auto authenticate = [&tokens](RequestHead& head) { return tokens.peer_of(take_token(head)); };
  return {.socket_path = config.server.socket,
          .socket_mode = static_cast<unsigned>(config.server.socket_mode),
          .socket_group = config.server.socket_group,
          .admin_group = config.server.admin_group,
          .allow_mapped_uids = config.server.allow_mapped_uids,
          .listen = config.server.listen,
          .hosts = comma_separated(config.server.hosts),
          .authenticate = authenticate,
          .still_known = [&tokens](const Peer& peer) { return tokens.in_force(peer.credential); },
          .allows_chunked = is_bulk,
          .body_bytes_max = config.server.max_body,
          .connections = connection_limits(config, connections_max),
          .header_timeout = config.server.header_timeout,
          .idle_timeout = config.server.idle_timeout,
          .write_timeout = config.server.write_timeout,
          .body_rate_floor = config.server.body_rate_floor};
}

ConnectionLimits connection_limits(const config::Config& config, int connections_max) {
  const auto share = std::max<std::int64_t>(connections_max * config.limits.owner_share / 100, 1);
  return {.connections_max = connections_max, .owner_connections_max = static_cast<int>(share)};
}

int connections_that_fit(std::int64_t wanted) {
  wanted = std::min<std::int64_t>(wanted, std::numeric_limits<int>::max() - kDescriptorsForOthers);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return static_cast<int>(wanted);
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= static_cast<rlim_t>(wanted + kDescriptorsForOthers)) return static_cast<int>(wanted);
  const auto fit = std::max<std::int64_t>(static_cast<std::int64_t>(limit.rlim_cur) - kDescriptorsForOthers, 1);
  log_event(LogLevel::warn, "connections_lowered",
            {{"wanted", wanted}, {"connections", fit}, {"descriptors", static_cast<std::int64_t>(limit.rlim_cur)}});
  return static_cast<int>(fit);
}

}  // namespace batchd::daemon
