// The accounts of the configuration at run time: a provider's dialogues, the link that carries them, and how the
// account is.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/budget.h"
#include "core/schedule.h"
#include "daemon/provider_link.h"

namespace batchd::daemon {

struct Account {
  std::string name;
  std::unique_ptr<core::Provider> provider;
  std::unique_ptr<ProviderLink> link;
  std::string credential;  // fingerprint of the key: recorded with each create, never the key itself
  core::BudgetLimits budget;

  // Account trouble (key, billing, location) pauses the account: nothing fails, nothing is lost, and one cheap call is
  // let through after each pause to see whether it is over.
  std::string trouble;  // the provider's words; empty: healthy
  int troubles = 0;     // in a row
  core::SteadyTime paused_until{};

  bool paused(core::SteadyTime now) const { return !trouble.empty() && now < paused_until; }
};

class Accounts {
 public:
  void add(std::unique_ptr<Account> account);
  Account* find(const std::string& name);  // null: not configured (any more)
  const std::map<std::string, std::unique_ptr<Account>>& all() const { return by_name_; }

 private:
  std::map<std::string, std::unique_ptr<Account>> by_name_;
};

// Records account trouble and logs its start; `healthy` logs its end.
void pause_account(Account& account, const core::Fault& fault, const core::Backoff& backoff, core::SteadyTime now);
void account_works(Account& account);

}  // namespace batchd::daemon
