// An account of the configuration becomes one that works: its provider, its way there, its key.
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "daemon/provider/account.h"
#include "daemon/provider/https_client.h"

namespace batchd::daemon {

// The two halves of what its `kind` says; the link has no key yet. To add a provider: choose here.
std::unique_ptr<core::Provider> make_provider(const config::Account& settings);
std::unique_ptr<HttpsLink> make_link(Executor executor, const config::Account& settings);

// `settings` and `environment` must outlive it: its key is read anew now and then. Without a key the account accepts
// work and waits for one; that is said in the log, and in its `trouble`.
std::unique_ptr<Account> make_account(Executor executor, const std::string& name, const config::Account& settings,
                                      const config::Environment& environment, core::WallTime now);

}  // namespace batchd::daemon
