// What the configuration, the tokens and the limits of the process mean for the server.
#pragma once

#include "config/config.h"
#include "daemon/http/bearer_tokens.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

// `tokens` is consulted for every request that comes over TCP, and must outlive the server. `connections_max` is what
// connections_that_fit() returned.
HttpServerConfig server_config(const config::Config& config, const BearerTokens& tokens, int connections_max);
ConnectionLimits connection_limits(const config::Config& config, int connections_max);

// Raises the process's soft limit of descriptors to its hard limit, and returns how many of `wanted` connections fit
// below it, leaving some for the store, the provider and the log. Logs if that is fewer than `wanted`.
int connections_that_fit(std::int64_t wanted);

}  // namespace batchd::daemon
