#include "ctl/link/address.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "ctl/console/exit_code.h"

namespace batchd::ctl {
namespace {

std::string value_of(const config::Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string configured_socket(const config::Environment& environment) {
  try {
    return config::load(config_path(environment), environment, config::kAnyKind).server.socket;
  } catch (const config::ConfigError&) {
    return std::string(config::kDefaultSocket);  // absent, closed to this user, or faulty: `doctor` tells which
  }
}

// `named` comes from an option or variable; if empty, the configured socket is used. A socket in the user's own folder
// isn't the service's.
Address socket_address(const std::string& named, const config::Environment& environment) {
  const auto configured = configured_socket(environment);
  const auto& socket = named.empty() ? configured : named;
  return {.socket = socket, .may_be_service = socket == configured && socket.starts_with('/')};
}

bool is_this_host(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

bool is_url(const std::string& text) { return text.starts_with("http://") || text.starts_with("https://"); }

// The token goes into a header line unchanged.
bool can_be_token(std::string_view token) {
  return !token.empty() && std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; });
}

std::variant<std::string, AddressFault> read_token(const std::string& file, const config::Environment& environment) {
  std::string token = value_of(environment, "BATCHD_TOKEN"), source = "$BATCHD_TOKEN";
  if (!file.empty()) {
    source = file;
    errno = 0;
    std::ifstream in(file);
    if (!in)
      return AddressFault{errno == EACCES ? kNoPermission : kBadInput,
                          "can't read the token file " + file + " (" + std::strerror(errno) + ')'};
    token.clear();
    std::getline(in, token);
    while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  }
  if (file.empty() && token.empty()) return token;  // the daemon will say that it wants one
  if (!can_be_token(token)) return AddressFault{kBadInput, "there is no token in " + source};
  return token;
}

}  // namespace

std::string Address::shown() const { return socket.empty() ? "http://" + host_header() : socket; }

std::string Address::host_header() const {
  if (!socket.empty()) return "localhost";
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? '[' + host + ']' : host) + ':' + port;
}

std::optional<Address> parse_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  Address address;
  if (url.starts_with('[')) {
    const auto end = url.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    address.host = url.substr(1, end - 1);
    url.remove_prefix(end + 1);
  } else {
    address.host = url.substr(0, url.find(':'));
    url.remove_prefix(address.host.size());
  }
  address.port = url.starts_with(':') ? url.substr(1) : url.empty() ? std::string_view("80") : std::string_view();
  const bool digits = std::ranges::all_of(address.port, [](char c) { return c >= '0' && c <= '9'; });
  const bool plain = address.host.find_first_of("/?#@ \t\r\n") == std::string::npos;
  if (address.host.empty() || address.port.empty() || address.port.size() > 5 || !digits || !plain) return std::nullopt;
  return address;
}

std::variant<Address, AddressFault> choose_address(const AddressOptions& options,
                                                   const config::Environment& environment) {
  if (is_url(options.socket)) return AddressFault{kUsage, options.socket + " is no socket: name it with --url"};
  if (!options.socket.empty()) return socket_address(options.socket, environment);
  const auto url = options.url.empty() ? value_of(environment, "BATCHD_URL") : options.url;
  const auto socket = value_of(environment, "BATCHD_SOCKET");
  if (url.empty() && is_url(socket))
    return AddressFault{kUsage, "$BATCHD_SOCKET is " + socket + ", which is no socket: name it with $BATCHD_URL"};
  if (url.empty()) return socket_address(socket, environment);
  auto address = parse_url(url);
  if (!address) return AddressFault{kUsage, "\"" + url + "\" isn't of the form http://HOST:PORT"};
  auto token = read_token(options.token_file, environment);
  if (auto* fault = std::get_if<AddressFault>(&token)) return std::move(*fault);
  address->may_be_service = is_this_host(address->host);
  address->token = std::move(std::get<std::string>(token));
  return std::move(*address);
}

std::string config_path(const config::Environment& environment) {
  const auto named = value_of(environment, "BATCHD_CONFIG");
  return named.empty() ? std::string(config::kDefaultPath) : named;
}

}  // namespace batchd::ctl
