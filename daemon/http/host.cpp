#include "daemon/http/host.h"

#include <algorithm>

#include "daemon/http/text.h"

namespace batchd::daemon {
namespace {

// Returns the host and port of an Origin; empty if it names none, as in "null".
std::string_view authority_of(std::string_view origin) {
  const auto mark = origin.find("://");
  return mark == origin.npos ? std::string_view() : origin.substr(mark + 3);
}

}  // namespace

std::string host_name(std::string_view authority) {
  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == authority.npos) return {};
  const auto colon = std::min(authority.find(':', bracket), authority.size());
  if (bracket > 0 && colon != bracket + 1) return {};
  const auto port = authority.substr(std::min(colon + 1, authority.size()));
  if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) return {};
  std::string host(authority.substr(0, colon));
  std::ranges::transform(host, host.begin(), lower);
  return host;
}

// All headers of these names are checked, so that a second header can't hide the first.
bool is_cross_site(const RequestHead& head) {
  const auto host = head.header("host");
  return std::ranges::any_of(head.headers, [host](const auto& header) {
    const auto& [name, value] = header;
    if (name == "sec-fetch-site") return value != "same-origin" && value != "none";
    return name == "origin" && !std::ranges::equal(authority_of(value), host, {}, lower, lower);
  });
}

KnownHosts::KnownHosts(std::string_view listen, const std::vector<std::string>& more)
    : names_{"localhost", "127.0.0.1", "[::1]"} {
  names_.insert(host_name(listen));
  for (const auto& name : more) names_.insert(host_name(name));
  names_.erase("");
}

}  // namespace batchd::daemon
