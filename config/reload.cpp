#include "config/reload.h"

#include <map>

#include "config/keys.h"

namespace batchd::config {
namespace {

using Values = std::map<std::string, std::string>;

void read_keys(Values& values, const std::string& section, const std::vector<Key>& keys) {
  for (const auto& key : keys) values[section + '.' + std::string(key.name)] = current_text(key.slot);
}

template <class Limits>
void read_models(Values& values, const std::string& section, PerModel<Limits>& from) {
  for (auto& [model, limits] : from.models) read_keys(values, section + '.' + model, keys_of(limits));
}

Values values_of(const Config& config) {
  Config copy = config;  // the table of keys points into it
  Values values;
  for (const auto& section : sections_of(copy)) read_keys(values, std::string(section.name), section.keys);
  read_models(values, "packing", copy.packing);
  read_models(values, "budget", copy.budget);
  for (auto& [name, account] : copy.accounts) read_keys(values, "accounts." + name, keys_of(account));
  return values;
}

}  // namespace

std::vector<std::string> changed_keys(const Config& a, const Config& b) {
  std::vector<std::string> changed;
  for (const auto& [name, account] : a.accounts)
    if (!b.accounts.contains(name)) changed.push_back("accounts." + name);
  for (const auto& [name, account] : b.accounts)
    if (!a.accounts.contains(name)) changed.push_back("accounts." + name);
  const auto whole_account = [&](const std::string& key) {
    for (const auto& name : changed)
      if (name.starts_with("accounts.") && key.starts_with(name + '.')) return true;
    return false;
  };
  const auto before = values_of(a), after = values_of(b);
  std::vector<std::string> keys;
  for (const auto& [key, value] : before) {
    const auto found = after.find(key);
    if (found == after.end() || found->second != value) keys.push_back(key);
  }
  for (const auto& [key, value] : after)
    if (!before.contains(key)) keys.push_back(key);
  std::erase_if(keys, whole_account);
  changed.insert(changed.end(), keys.begin(), keys.end());
  return changed;
}

void take_over(Config& running, const Config& fresh) {
  running.packing = fresh.packing;
  running.budget = fresh.budget;
  running.submission = fresh.submission;
  running.polling = fresh.polling;
  running.retry = fresh.retry;
  running.retention = fresh.retention;
  running.limits = fresh.limits;
  running.store.disk_floor = fresh.store.disk_floor;
  running.store.reserve = fresh.store.reserve;
  running.server.tokens_file = fresh.server.tokens_file;
  running.server.max_bulk = fresh.server.max_bulk;
  running.server.heartbeat = fresh.server.heartbeat;
  running.server.interim = fresh.server.interim;
  running.log = fresh.log;
  for (auto& [name, account] : running.accounts) {
    const auto found = fresh.accounts.find(name);
    if (found == fresh.accounts.end()) continue;
    account.api_key_file = found->second.api_key_file;
    account.max_jobs = found->second.max_jobs;
    account.max_stored = found->second.max_stored;
  }
}

}  // namespace batchd::config
