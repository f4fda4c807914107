#include "config/check.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "config/units.h"

namespace batchd::config {
namespace {

constexpr std::size_t kSocketPathBytesMax = 107;  // sockaddr_un::sun_path without its final zero

bool is_account_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_this_host(std::string_view host) {
  static constexpr std::array<std::string_view, 3> kLoopback{"localhost", "127.0.0.1", "[::1]"};
  return std::ranges::find(kLoopback, host) != kLoopback.end();
}

// Returns what is wrong, empty if nothing is.
std::string judge_url(std::string_view url) {
  const bool cleartext = url.starts_with("http://");
  if (!cleartext && !url.starts_with("https://")) return "must start with https:// or http://";
  auto authority = url.substr(url.find("//") + 2);
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.empty() || authority.find_first_of("/?#@ \"<>\\") != std::string_view::npos)
    return "must be a scheme and a host, perhaps with a port, and nothing else";
  const auto colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  if (cleartext && !is_this_host(authority.substr(0, colon)))
    return "would send the key in clear text to another host: use https://";
  return {};
}

// An IPv4 address, or an IPv6 address in brackets.
bool is_address(std::string host) {
  in6_addr bytes{};
  if (!host.starts_with('[')) return ::inet_pton(AF_INET, host.c_str(), &bytes) == 1;
  if (!host.ends_with(']')) return false;
  return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &bytes) == 1;
}

// Returns what is wrong, empty if nothing is. Names aren't resolved, so `listen` needs an address.
std::string judge_listen(const Server& server) {
  if (server.listen.empty()) return {};
  const auto colon = server.listen.rfind(':');
  const auto host = server.listen.substr(0, colon);
  const auto port = colon == std::string::npos ? std::nullopt : parse_count(server.listen.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535 || host.empty()) return "must be an address and a port: 127.0.0.1:8090";
  if (host != "localhost" && !is_address(host)) return "must have an address, not a name, before the port";
  if (!server.allow_remote && !is_this_host(host)) return "is not loopback: that needs allow_remote = true";
  return {};
}

void check_account(const std::string& name, const Account& account, std::vector<Fault>& faults) {
  const auto key = [&](const char* member) { return "accounts." + name + '.' + member; };
  if (!is_account_name(name))
    faults.push_back({0, "accounts." + name, "a name has 1 to 32 characters of a-z, 0-9, - and _", {}});
  if (account.kind != "gemini") faults.push_back({0, key("kind"), "must be \"gemini\"", {}});
  if (const auto wrong = judge_url(account.base_url); !wrong.empty()) faults.push_back({0, key("base_url"), wrong, {}});
}

}  // namespace

std::vector<Fault> check(const Config& c) {
  std::vector<Fault> faults;
  const auto require = [&](bool holds, const char* key, const char* what) {
    if (!holds) faults.push_back({0, key, what, {}});
  };
  require(!c.server.socket.empty(), "server.socket", "must not be empty");
  require(c.server.socket.size() <= kSocketPathBytesMax, "server.socket", "is longer than 107 bytes");
  require(!c.store.path.empty(), "store.path", "must not be empty");
  require(c.submission.throttle_first <= c.submission.throttle_max, "submission.throttle_max",
          "must not be less than throttle_first");
  require(c.submission.reconcile_first <= c.submission.reconcile_max, "submission.reconcile_max",
          "must not be less than reconcile_first");
  require(c.submission.file_age_max < hours(48), "submission.file_age_max",
          "must be less than 48h, after which the provider drops the file");
  require(c.polling.first <= c.polling.max, "polling.max", "must not be less than first");
  require(c.retry.first <= c.retry.max, "retry.max", "must not be less than first");
  require(c.server.listen.empty() || !c.server.tokens_file.empty(), "server.tokens_file",
          "is needed with listen: without a token nobody is served over TCP");
  if (const auto wrong = judge_listen(c.server); !wrong.empty()) require(false, "server.listen", wrong.c_str());
  for (const auto& [name, account] : c.accounts) check_account(name, account, faults);
  return faults;
}

}  // namespace batchd::config
