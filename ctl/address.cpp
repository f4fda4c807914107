#include "ctl/address.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "ctl/exit_code.h"

namespace batchd::ctl {
namespace {

std::string value_of(const config::Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string choose_socket(const config::Environment& environment) {
  if (auto named = value_of(environment, "BATCHD_SOCKET"); !named.empty()) return named;
  try {
    return config::load(config_path(environment), environment).server.socket;
  } catch (const config::ConfigError&) {
    return std::string(config::kDefaultSocket);  // absent, closed to this user, or faulty: `doctor` tells which
  }
}

// It goes into a header line as it is.
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
  if (!options.socket.empty()) return Address{.socket = options.socket};
  const auto url = options.url.empty() ? value_of(environment, "BATCHD_URL") : options.url;
  if (url.empty()) return Address{.socket = choose_socket(environment)};
  auto address = parse_url(url);
  if (!address) return AddressFault{kUsage, "\"" + url + "\" isn't of the form http://HOST:PORT"};
  auto token = read_token(options.token_file, environment);
  if (auto* fault = std::get_if<AddressFault>(&token)) return std::move(*fault);
  address->token = std::move(std::get<std::string>(token));
  return std::move(*address);
}

std::string config_path(const config::Environment& environment) {
  const auto named = value_of(environment, "BATCHD_CONFIG");
  return named.empty() ? std::string(config::kDefaultPath) : named;
}

}  // namespace batchd::ctl
