// The accounts of the configuration at run time: a provider's dialogues, the link that carries them, and how the
// account is.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/budget.h"
#include "core/schedule.h"
#include "daemon/provider/provider_link.h"

namespace batchd::daemon {

struct Account {
  std::string name;
  std::unique_ptr<core::Provider> provider;
  std::unique_ptr<ProviderLink> link;
  std::string credential;  // fingerprint of the key: recorded with each create, never the key itself
  core::BudgetLimits budget;

  // Account trouble (key, billing, location) pauses the account: nothing fails, nothing is lost, and one cheap call is
  // let through after each pause to see whether it is over. The key is read anew before that: it may have been
  // replaced.
  std::string trouble;              // the provider's words; empty: none
  bool without_key = false;         // that is the trouble: none was ever found
  core::WallTime troubled_since{};  // by this process: a restart begins anew
  int troubles = 0;                 // in a row
  bool refuses_creates = false;     // its trouble is about creates: other calls that work prove nothing
  core::SteadyTime paused_until{};
  bool key_read = false;  // since the last pause began
  // Reads the key again, and gives a new one to `link` and `credential`. An error: there is none.
  std::function<core::Result<void>(Account&)> reload;

  // Nothing may be asked of it now.
  bool paused(core::SteadyTime now);

  // Jobs with our prefix that this database doesn't know, and that no operator has accepted: the database is a copy of
  // another that lives, or an old one. While there are any, nothing is sealed and nothing created.
  std::int64_t strange_jobs = 0;
  // One complete listing has shown that there are none (or couldn't be had for long): nothing is created before.
  bool surveyed = false;
  std::int64_t fenced_jobs_found = 0;  // by this process, of batches that were fenced off

  bool may_create() const { return surveyed && strange_jobs == 0; }
  bool healthy() const { return trouble.empty() && strange_jobs == 0; }
  std::string detail() const;  // for people; empty: healthy
};

class Accounts {
 public:
  void add(std::unique_ptr<Account> account);
  Account* find(const std::string& name);  // null: not configured (any more)
  const std::map<std::string, std::unique_ptr<Account>>& all() const { return by_name_; }

 private:
  std::map<std::string, std::unique_ptr<Account>> by_name_;
};

// Records account trouble and logs its start; account_works() logs its end.
void pause_account(Account& account, const core::Fault& fault, const core::Backoff& backoff, const core::Clock& clock);
void account_works(Account& account);
void account_creates(Account& account);  // even that: a create was accepted

}  // namespace batchd::daemon
