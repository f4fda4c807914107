// Where batchd listens: on a Unix socket, where the kernel identifies the caller, or on TCP, where a bearer token does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.h"

namespace batchd::ctl {

struct Address {
  std::string socket = {};  // a path; empty for TCP
  std::string host = {}, port = {};
  std::string token = {};       // TCP only; never shown
  bool may_be_service = false;  // the configured socket, or TCP of this host: systemd may know what is there

  std::string shown() const;        // for people
  std::string host_header() const;  // value of the Host header
};

// "http://HOST[:PORT][/]", HOST a name, an IPv4 address or an IPv6 address in brackets; without a port: 80.
std::optional<Address> parse_url(std::string_view url);

// Options of the command line; an empty one was not given.
struct AddressOptions {
  std::string socket, url, token_file;
};
struct AddressFault {
  int exit_code;
  std::string what;
};

// Returns the address of the command line, else of $BATCHD_URL or $BATCHD_SOCKET, else the configured socket if the
// configuration can be read, else the default. The token comes from the file, else from $BATCHD_TOKEN.
std::variant<Address, AddressFault> choose_address(const AddressOptions& options,
                                                   const config::Environment& environment);

std::string config_path(const config::Environment& environment);  // $BATCHD_CONFIG or the default

}  // namespace batchd::ctl
