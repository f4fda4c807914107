#include "daemon/provider/account.h"

#include <algorithm>
#include <utility>

#include "daemon/net/log.h"

namespace batchd::daemon {

void Accounts::add(std::unique_ptr<Account> account) {
  auto name = account->name;
  by_name_.emplace(std::move(name), std::move(account));
}

Account* Accounts::find(const std::string& name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.get();
}

Account* Accounts::find_for(const core::Lane& lane) {
  auto* account = find(lane.account);
  if (account == nullptr) return nullptr;
  const auto& endpoints = account->provider->caps().endpoints;
  return std::ranges::find(endpoints, lane.endpoint) == endpoints.end() ? nullptr : account;
}

namespace {

constexpr core::Duration kKeyLookPause = std::chrono::seconds(5);  // between two looks for a key that can't be read

}  // namespace

bool Account::paused(core::SteadyTime now) {
  if (trouble.empty()) return false;
  if (now < paused_until) return true;
  if (!reload || std::exchange(key_read, true)) return false;
  const auto key = reload(*this);
  if (key) return false;
  trouble = key.error().detail;
  paused_until = now + kKeyLookPause;
  key_read = false;
  return true;
}

std::string Account::detail() const {
  if (strange_jobs == 0) return trouble;
  std::string words = std::to_string(strange_jobs) +
                      " unknown job(s) of this installation at the provider: nothing is submitted until an operator "
                      "has looked (batchctl attention)";
  if (!trouble.empty()) words += "; " + trouble;
  return words;
}

void pause_account(Account& account, const core::Fault& fault, const core::Backoff& backoff, const core::Clock& clock) {
  const auto now = clock.steady();
  if (account.paused(now)) return;  // several calls met the same trouble, which counts as one step of the backoff
  if (account.trouble.empty()) {
    log_event(LogLevel::error, "account_paused",
              {{"account", account.name}, {"status", fault.status}, {"message", fault.message}});
    account.troubled_since = clock.wall();
  }
  account.trouble = fault.message.empty() ? "refused without a word" : fault.message;
  account.paused_until = now + core::backoff_pause(backoff, account.troubles);
  account.key_read = false;
  ++account.troubles;
}

void account_creates(Account& account) {
  account.refuses_creates = false;
  account_works(account);
}

void account_works(Account& account) {
  if (account.trouble.empty() || account.refuses_creates) return;
  log_event(LogLevel::info, "account_resumed", {{"account", account.name}});
  account.trouble.clear();
  account.troubles = 0;
}

}  // namespace batchd::daemon
