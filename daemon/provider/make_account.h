// Makes a working account from its section of the configuration: provider, HTTP link and key.
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "daemon/provider/account.h"
#include "daemon/provider/https_client.h"

namespace batchd::daemon {

// Returns the provider of the account's kind. A new kind is a line in this function's table.
std::unique_ptr<core::Provider> make_provider(const config::Account& settings);
// Returns a link to the account's host that has no key yet, and will send it as `provider` has it.
std::unique_ptr<HttpsLink> make_link(Executor executor, const config::Account& settings,
                                     const core::Provider& provider);

// `settings` and `environment` must outlive the account, which reads its key again from time to time. An account
// without a key accepts work and waits for a key; this is logged, and set as its `trouble`.
std::unique_ptr<Account> make_account(Executor executor, const std::string& name, const config::Account& settings,
                                      const config::Environment& environment, core::WallTime now);

}  // namespace batchd::daemon
