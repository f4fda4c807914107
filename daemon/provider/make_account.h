// Makes a working account from its section of the configuration: provider, HTTP link and key.
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "daemon/provider/account.h"
#include "daemon/provider/https_client.h"
#include "daemon/provider/kinds.h"

namespace batchd::daemon {

// Returns the provider of the account's kind. Throws std::invalid_argument if that isn't one of `kinds`.
std::unique_ptr<core::Provider> make_provider(const ProviderKinds& kinds, const config::Account& settings);
// Returns where the account's calls go: its base_url, else that of its provider.
std::string base_url_of(const config::Account& settings, const core::Provider& provider);
// Returns a link to that place that has no key yet, and will send it, and the headers of all calls, as `provider` has
// them. Throws as make_https_client() does.
std::unique_ptr<HttpsLink> make_link(Executor executor, const config::Account& settings,
                                     const core::Provider& provider);

// `settings` and `environment` must outlive the account, which reads its key again from time to time. An account
// without a key accepts work and waits for a key; this is logged, and set as its `trouble`. Throws as make_provider()
// and make_link() do.
std::unique_ptr<Account> make_account(Executor executor, const std::string& name, const config::Account& settings,
                                      const config::Environment& environment, const ProviderKinds& kinds,
                                      core::WallTime now);

}  // namespace batchd::daemon
