// Where an account's calls go: the one origin of its base_url, and the rules for a base_url and for a call's target.
#pragma once

#include <string>
#include <string_view>

#include "core/http.h"

namespace batchd::daemon {

struct BaseUrl {
  bool tls = true;
  std::string host;    // without the brackets of an IPv6 literal
  std::string port;    // decimal
  std::string prefix;  // "" or "/..." without a slash at its end; precedes every target that isn't HttpCall::given_path
  std::string host_header;
};

// Parses "https://host[:port][/prefix]"; "http://" is allowed only with a loopback address or "localhost". Throws
// std::invalid_argument for anything else.
BaseUrl parse_base_url(std::string_view text);

// Returns where a redirect's Location leads, as a call's target on this base URL, behind its prefix. Returns an empty
// text if it leads to another origin or out of the prefix, or if it is neither an absolute URL nor an absolute path.
std::string redirect_target(const BaseUrl& url, std::string_view location);

// Returns why this call can't be written as a well-formed HTTP/1.1 head (a line break in a header, say), or an empty
// text if it can.
std::string_view malformed(const core::HttpCall& call);

}  // namespace batchd::daemon
