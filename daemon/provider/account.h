// The accounts of the configuration at run time: a provider's dialogues, the link that carries them, and the account's
// condition.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/budget.h"
#include "core/schedule.h"
#include "daemon/provider/provider_link.h"

namespace batchd::daemon {

struct Account {
  std::string name;
  std::string kind;  // of its provider, as the configuration names it
  std::unique_ptr<core::Provider> provider;
  std::unique_ptr<ProviderLink> link;
  std::string credential;  // fingerprint of the key, never the key itself; recorded with each create
  core::BudgetLimits budget;

  // Account trouble (key, billing, location) pauses the account: nothing fails and nothing is lost. After each pause
  // calls are let through again to see whether the trouble is over. The key is read again before that, since it may
  // have been replaced.
  std::string trouble;              // the provider's words; empty if there is no trouble
  bool without_key = false;         // true if `trouble` is that no key was ever found
  core::WallTime troubled_since{};  // as seen by this process: a restart begins anew
  int troubles = 0;                 // pauses in a row
  bool refuses_creates = false;     // true if `trouble` is about creates, so that other calls that work prove nothing
  core::SteadyTime paused_until{};
  bool key_read = false;  // the key has been read since the last pause began
  // When a create was accepted last, as seen by this process, and with which `credential`.
  std::optional<core::WallTime> accepted_at;
  std::string accepted_with;
  // Reads the key again, and passes a new key on to `link` and `credential`. Fails if no key is found, or if the key
  // can't be sent in a header.
  std::function<core::Result<void>(Account&)> reload;

  // Returns true if no call may be made for the account now. Reads the key again when a pause is over, and extends the
  // pause if that fails.
  bool paused(core::SteadyTime now);

  // Jobs with our prefix that this database doesn't know, and that no operator has accepted: the database is an old
  // one, or a copy of one that is in use elsewhere. While there are any, nothing is sealed and nothing is created.
  std::int64_t strange_jobs = 0;
  // True once the account's jobs have been listed completely, or could not be listed for the length of a quarantine.
  // Nothing is created before.
  bool surveyed = false;
  std::int64_t fenced_jobs_found = 0;  // jobs of fenced batches, found by this process

  bool may_create() const { return surveyed && strange_jobs == 0; }
  bool healthy() const { return trouble.empty() && strange_jobs == 0; }
  std::string detail() const;  // why the account isn't healthy, for operators; empty if it is
};

class Accounts {
 public:
  void add(std::unique_ptr<Account> account);
  Account* find(const std::string& name);  // returns null if the account isn't configured (any more)
  // Returns the account of a lane; null also if its provider doesn't take the lane's endpoint, since it was configured
  // as another kind when the lane was made: what is stored for the lane means nothing to this provider.
  Account* find_for(const core::Lane& lane);
  const std::map<std::string, std::unique_ptr<Account>>& all() const { return by_name_; }

 private:
  std::map<std::string, std::unique_ptr<Account>> by_name_;
};

// Records account trouble, pauses the account, and logs the start of the trouble. Does nothing while the account is
// paused already.
void pause_account(Account& account, const core::Fault& fault, const core::Backoff& backoff, const core::Clock& clock);
// Records that a call was accepted: ends and logs the end of the trouble, unless that is about creates.
void account_works(Account& account);
// Records that a create was accepted, which ends any trouble.
void account_creates(Account& account);

}  // namespace batchd::daemon
