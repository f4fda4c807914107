#include "config/config.h"

#include <unistd.h>

#include "config/api_key.h"

namespace batchd::config {
namespace {

std::string all_lines(const std::string& origin, const std::vector<Fault>& faults) {
  std::string text;
  for (const auto& fault : faults) {
    if (!text.empty()) text += '\n';
    text += fault.line > 0 ? origin + ':' + std::to_string(fault.line) + ": " : origin + ": ";
    text += to_text(fault);
  }
  return text;
}

}  // namespace

std::string to_text(const Fault& fault) {
  std::string text = fault.key.empty() ? fault.what : fault.key + ": " + fault.what;
  if (!fault.nearest.empty()) text += " (did you mean " + fault.nearest + "?)";
  return text;
}

ConfigError::ConfigError(const std::string& origin, std::vector<Fault> faults)
    : std::runtime_error(all_lines(origin, faults)), faults_(std::move(faults)) {}

std::string account_names(const Config& config) {
  std::string names;
  for (const auto& [name, account] : config.accounts) names += (names.empty() ? "" : ", ") + name;
  return names;
}

Environment process_environment() {
  Environment all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (const auto equals = text.find('='); equals != std::string_view::npos)
      all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

Config dev_defaults(const std::string& state_dir, const std::string& socket, const std::string& base_url) {
  using std::chrono::milliseconds;
  Config c;
  c.server.socket = socket;
  c.server.socket_mode = 0600;
  c.server.allow_mapped_uids = true;  // for one user only, whose rootless containers map uids
  c.store.path = state_dir + "/batchd.db";
  c.accounts.at(std::string(kDefaultAccount)).base_url = base_url;
  c.packing.limits.max_age = seconds(1);
  c.submission.quarantine = seconds(5);
  c.submission.throttle_first = seconds(1);
  c.submission.throttle_max = seconds(10);
  c.submission.reconcile_first = milliseconds(300);
  c.submission.reconcile_max = seconds(2);
  c.submission.fence_pause = milliseconds(500);
  c.submission.relist_pause = seconds(1);
  c.polling.first = milliseconds(300);
  c.polling.max = seconds(2);
  c.polling.lost_grace = seconds(10);
  c.polling.output_grace = seconds(10);
  c.polling.download_grace = seconds(10);
  c.retry.first = milliseconds(200);
  c.retry.max = seconds(5);
  return c;
}

Environment dev_environment() { return {{own_key(std::string(kDefaultAccount)).variable, "dev"}}; }

}  // namespace batchd::config
