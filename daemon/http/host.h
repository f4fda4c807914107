// Which host names a TCP client may use for this server, and protection from other sites' pages. The owner of a page
// can lead a browser to our address under any name (DNS rebinding), but the browser then sends that name in Host. Under
// our own name another site's page can call us with the credentials that the browser remembers, but the browser then
// says that the page is another site's.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "daemon/http/http_server.h"

namespace batchd::daemon {

// Returns the host of HOST or HOST:PORT in lower case: "Example.org:8090" -> "example.org", "[::1]:8090" -> "[::1]".
// Returns an empty text for anything else.
std::string host_name(std::string_view authority);

// Returns true if a browser says (in Sec-Fetch-Site or Origin) that this request comes from a page of another origin.
// Programs send neither header.
bool is_cross_site(const RequestHead& head);

class KnownHosts {
 public:
  // Knows the names of loopback, the host of `listen`, and `more`.
  KnownHosts(std::string_view listen, const std::vector<std::string>& more);
  bool know(std::string_view host_header) const { return names_.contains(host_name(host_header)); }

 private:
  std::unordered_set<std::string> names_;
};

}  // namespace batchd::daemon
