// Where an account's calls go: the one origin of its base_url, and the rules about what may be a base_url or a target.
#pragma once

#include <string>
#include <string_view>

#include "core/http.h"

namespace batchd::daemon {

struct BaseUrl {
  bool tls = true;
  std::string host;    // without the brackets of an IPv6 literal
  std::string port;    // decimal
  std::string prefix;  // "" or "/..." without a slash at its end; precedes every target
  std::string host_header;
};

// "https://host[:port][/prefix]"; "http://" only with a loopback literal or "localhost". Throws std::invalid_argument.
BaseUrl parse_base_url(std::string_view text);

// Where a redirect's Location leads, as a call's target on this base URL; empty if that is another origin or prefix, or
// no absolute URL and no absolute path.
std::string redirect_target(const BaseUrl& url, std::string_view location);

// Why this call can't be put into an HTTP/1.1 head without breaking out of it, or empty.
std::string_view malformed(const core::HttpCall& call);

}  // namespace batchd::daemon
