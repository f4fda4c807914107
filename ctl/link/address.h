// Where batchd listens: a Unix socket, where the kernel says who calls, or TCP, where a token does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.h"

namespace batchd::ctl {

struct Address {
  std::string socket = {};  // a path; empty: TCP
  std::string host = {}, port = {};
  std::string token = {};       // TCP only; never shown
  bool may_be_service = false;  // the configured socket, or TCP of this host: systemd may know what is there

  std::string shown() const;        // for people
  std::string host_header() const;  // what the Host header says
};

// "http://HOST[:PORT][/]", HOST a name, an IPv4 address or an IPv6 address in brackets; without a port: 80.
std::optional<Address> parse_url(std::string_view url);

// What the command line says of it; empty: nothing.
struct AddressOptions {
  std::string socket, url, token_file;
};
struct AddressFault {
  int exit_code;
  std::string what;
};

// The command line, else $BATCHD_URL or $BATCHD_SOCKET, else the configuration's socket if that can be read, else the
// default. The token: from the file, else $BATCHD_TOKEN.
std::variant<Address, AddressFault> choose_address(const AddressOptions& options,
                                                   const config::Environment& environment);

std::string config_path(const config::Environment& environment);  // $BATCHD_CONFIG or the default

}  // namespace batchd::ctl
