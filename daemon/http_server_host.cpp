#include "daemon/http_server_host.h"

#include <algorithm>

namespace batchd::daemon {

std::string host_name(std::string_view authority) {
  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == authority.npos) return {};
  const auto colon = std::min(authority.find(':', bracket), authority.size());
  if (bracket > 0 && colon != bracket + 1) return {};
  const auto port = authority.substr(std::min(colon + 1, authority.size()));
  if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) return {};
  std::string host(authority.substr(0, colon));
  for (char& c : host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return host;
}

KnownHosts::KnownHosts(std::string_view listen, const std::vector<std::string>& more)
    : names_{"localhost", "127.0.0.1", "[::1]"} {
  names_.insert(host_name(listen));
  for (const auto& name : more) names_.insert(host_name(name));
  names_.erase("");
}

}  // namespace batchd::daemon
