#include "daemon/account.h"

#include "daemon/log.h"

namespace batchd::daemon {

void Accounts::add(std::unique_ptr<Account> account) {
  auto name = account->name;
  by_name_.emplace(std::move(name), std::move(account));
}

Account* Accounts::find(const std::string& name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.get();
}

void pause_account(Account& account, const core::Fault& fault, const core::Backoff& backoff, core::SteadyTime now) {
  if (account.paused(now)) return;  // several calls met the same trouble: it is one step of the backoff
  if (account.trouble.empty())
    log_event(LogLevel::error, "account_paused",
              {{"account", account.name}, {"status", fault.status}, {"message", fault.message}});
  account.trouble = fault.message.empty() ? "refused without a word" : fault.message;
  account.paused_until = now + core::backoff_pause(backoff, account.troubles);
  ++account.troubles;
}

void account_works(Account& account) {
  if (account.trouble.empty()) return;
  log_event(LogLevel::info, "account_resumed", {{"account", account.name}});
  account.trouble.clear();
  account.troubles = 0;
}

}  // namespace batchd::daemon
