#include "config/check.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "config/api_key.h"
#include "config/keys.h"
#include "config/units.h"

namespace batchd::config {
namespace {

constexpr std::size_t kSocketPathBytesMax = 107;  // sockaddr_un::sun_path without its final zero

constexpr std::int64_t kPortMax = 65535;
constexpr const char* kNameRule = "a name has 1 to 32 characters of a-z, 0-9, - and _";

bool is_small_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alphanumeric(char c) { return is_small_or_digit(c) || (c >= 'A' && c <= 'Z'); }

// Of an account, or of a kind of provider.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         std::ranges::all_of(text, [](char c) { return is_small_or_digit(c) || c == '-' || c == '_'; });
}

bool is_this_host(std::string_view host) {
  static constexpr std::array<std::string_view, 3> kLoopback{"localhost", "127.0.0.1", "[::1]"};
  return std::ranges::find(kLoopback, host) != kLoopback.end();
}

// An IPv4 address, or an IPv6 address in brackets.
bool is_address(std::string host) {
  in6_addr bytes{};
  if (!host.starts_with('[')) return ::inet_pton(AF_INET, host.c_str(), &bytes) == 1;
  if (!host.ends_with(']')) return false;
  return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &bytes) == 1;
}

// Returns the host of "host[:port]", with the brackets of an IPv6 address; nullopt if the text isn't of this form.
std::optional<std::string> host_of(std::string_view authority) {
  const auto colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  std::string host(authority.substr(0, colon));
  const auto plain = [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; };
  if (host.starts_with('[') ? !is_address(host) : host.empty() || !std::ranges::all_of(host, plain)) return {};
  if (colon == std::string_view::npos) return host;
  const auto port = parse_count(authority.substr(colon + 1));
  return port && *port > 0 && *port <= kPortMax ? std::optional(std::move(host)) : std::nullopt;
}

// Returns true for "" and "/a/b", perhaps with one more slash.
bool is_path_prefix(std::string_view path) {
  const auto plain = [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'; };
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    if (segment.empty() || segment == "." || segment == ".." || !std::ranges::all_of(segment, plain)) return false;
    path.remove_prefix(segment.size());
  }
  return true;
}

// Returns what is wrong, empty if nothing is. What passes, parse_base_url() in daemon/provider/https_url.h takes.
std::string judge_url(std::string_view url) {
  const bool cleartext = url.starts_with("http://");
  if (!cleartext && !url.starts_with("https://")) return "must start with https:// or http://";
  const auto rest = url.substr(url.find("//") + 2);
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto host = host_of(rest.substr(0, slash));
  if (!host || !is_path_prefix(rest.substr(slash)))
    return "must be a scheme and a host, perhaps with a port and a plain path, and nothing else";
  if (cleartext && !is_this_host(*host)) return "would send the key in clear text to another host: use https://";
  return {};
}

// Returns what is wrong, empty if nothing is. Names aren't resolved, so `listen` needs an address.
std::string judge_listen(const Server& server) {
  if (server.listen.empty()) return {};
  const auto colon = server.listen.rfind(':');
  const auto host = server.listen.substr(0, colon);
  const auto port = colon == std::string::npos ? std::nullopt : parse_count(server.listen.substr(colon + 1));
  if (!port || *port < 0 || *port > kPortMax || host.empty()) return "must be an address and a port: 127.0.0.1:8090";
  if (host != "localhost" && !is_address(host)) return "must have an address, not a name, before the port";
  if (!server.allow_remote && !is_this_host(host)) return "is not loopback: that needs allow_remote = true";
  return {};
}

std::string one_of(const Kinds& kinds) {
  std::string known;
  for (const auto& kind : kinds) known += (known.empty() ? "" : ", ") + ('"' + kind + '"');
  return (kinds.size() == 1 ? "must be " : "must be one of ") + known;
}

void check_account(const std::string& name, const Account& account, const Kinds& kinds, std::vector<Fault>& faults) {
  const auto key = [&](const char* member) { return "accounts." + name + '.' + member; };
  if (!is_name(name)) faults.push_back({0, "accounts." + name, kNameRule, {}});
  if (!kinds.empty() && std::ranges::find(kinds, account.kind) == kinds.end())
    faults.push_back({0, key("kind"), one_of(kinds), nearest_name(account.kind, kinds)});
  else if (!is_name(account.kind))
    faults.push_back({0, key("kind"), kNameRule, {}});
  if (account.base_url.empty()) return;
  if (const auto wrong = judge_url(account.base_url); !wrong.empty()) faults.push_back({0, key("base_url"), wrong, {}});
}

// A variable of the environment holds one key, of one account or of one kind: else a key would go where it doesn't
// belong.
void check_variables(const Config& config, std::vector<Fault>& faults) {
  std::map<std::string, std::string> holders;  // by variable
  const auto claim = [&](const std::string& variable, const std::string& holder, const std::string& key) {
    const auto other = holders.emplace(variable, holder).first->second;
    if (other != holder)
      faults.push_back({0, key, "would have its API key in the same variable as " + other + ", $" + variable, {}});
  };
  for (const auto& [name, account] : config.accounts)
    if (account.api_key_file.empty()) claim(own_key(name).variable, "accounts." + name, "accounts." + name);
  for (const auto& [name, account] : config.accounts)
    claim(shared_key(account.kind).variable, "the kind " + account.kind, "accounts." + name + ".kind");
}

}  // namespace

std::vector<Fault> check(const Config& c, const Kinds& kinds) {
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
  for (const auto& [name, account] : c.accounts) check_account(name, account, kinds, faults);
  check_variables(c, faults);
  return faults;
}

}  // namespace batchd::config
