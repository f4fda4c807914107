#include "tests/daemon/kinds/hosts.h"

#include <algorithm>
#include <chrono>

#include "core/check.h"
#include "core/ids.h"

namespace batchd::daemon::testing {

namespace {

core::WallTime wall_now() { return std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now()); }

}  // namespace

Hosts::Hosts(bool troubles) {
  hosts_.push_back({.account = "files", .vendor = gemini_vendor(), .prefix = "", .key = kFileKey});
  hosts_.push_back({.account = "place", .vendor = depot_vendor(), .prefix = "/v1/x", .key = kVariableKey});
  hosts_.push_back({.account = "post", .vendor = courier_vendor(), .prefix = "/parcels", .key = kCredentialKey});
  hosts_.push_back({.account = "lent", .vendor = gemini_vendor(), .prefix = "", .key = kSharedKey});
  hosts_.push_back({.account = "bare", .vendor = depot_vendor(), .prefix = "", .key = ""});
  hosts_.push_back({.account = "poor", .vendor = courier_vendor(), .prefix = "", .key = ""});
  for (auto& host : hosts_) {
    host.fake->now = wall_now;
    if (troubles) host.troubles.emplace();
    const auto meet = [this, &host](const core::HttpCall& call, const Upstream::Properly& properly) {
      return answer(host, call, properly);
    };
    host.upstream = std::make_unique<Upstream>(*host.fake, host.prefix, meet);
  }
  for (auto& host : hosts_)
    for (const auto& other : hosts_)
      if (&host != &other) host.upstream->between_calls([&] { host.elsewhere.push_back(other.upstream->origin()); });
}

Host& Hosts::of(const std::string& account) {
  const auto found = std::ranges::find(hosts_, account, &Host::account);
  CHECK(found != hosts_.end());
  return *found;
}

core::HttpEvent Hosts::answer(Host& host, const core::HttpCall& call, const Upstream::Properly& properly) {
  const Upstream::Seen head{
      .method = call.method, .target = host.prefix + call.target, .headers = call.headers, .body = {}};
  if (!wrong_with(head, host, host.key).empty()) {
    astray_ = true;
    return fictitious::reply(401, "{}");
  }
  return host.troubles ? host.troubles->answer(call, properly, host.elsewhere) : properly();
}

void Hosts::end_jobs() {
  for (const auto& host : hosts_) host.upstream->between_calls([&] { host.fake->end_all(); });
}

std::string Hosts::job_of(const std::string& batch) const {
  std::string found;
  for (const auto& host : hosts_)
    host.upstream->between_calls([&] {
      for (const auto& job : host.fake->all_jobs())
        for (const auto& key : host.fake->keys_of(job))
          if (core::to_text(core::parse_wire_key(key)->batch) == batch) found = job;
    });
  return found;
}

bool Hosts::met_all(const std::string& what) const {
  bool all = true;
  for (const auto& host : hosts_) {
    if (host.key.empty()) continue;
    const auto kinds = what.empty() ? kinds_of_calls(host.vendor.name) : std::vector{what};
    host.upstream->between_calls([&] {
      for (const auto& kind : kinds) all = all && host.troubles->met_all(kind);
    });
  }
  return all;
}

std::string Hosts::faults_met() const {
  std::string text;
  for (const auto& host : hosts_)
    host.upstream->between_calls([&] { text += host.account + ": " + host.troubles->met() + '\n'; });
  return text;
}

std::string wrong_with(const Upstream::Seen& seen, const Host& host, const std::string& key) {
  const auto& own = host.provider->caps().credential_header;
  auto rest = seen.method + '\n' + seen.target + '\n' + seen.body;
  std::string wrong;
  int times = 0;
  for (const auto& [name, value] : seen.headers) {
    if (same_header(name, own.name)) {
      ++times;
      if (value != own.prefix + key) wrong += "; the key is " + value;
      continue;
    }
    rest += '\n' + name + '\n' + value;
    if (same_header(name, "Host") && "http://" + value != host.upstream->origin())
      wrong += "; it is meant for " + value;
    for (const auto* vendor : all_vendors())
      if (same_header(name, vendor->make()->caps().credential_header.name)) wrong += "; a header " + name;
  }
  if (key.empty() || times != 1) wrong += "; it has " + std::to_string(times) + " headers " + own.name;
  for (const auto& any : kAllKeys)
    if (rest.find(any) != std::string::npos) wrong += "; outside of its header there is the key " + any;
  if (!seen.target.starts_with(host.prefix + '/')) wrong += "; it isn't behind " + host.prefix;
  return wrong.empty() ? wrong : host.account + ": " + seen.method + ' ' + seen.target + wrong;
}

}  // namespace batchd::daemon::testing
