// Which names a TCP client may call us by. A browser can be led to our address under any name that its page's owner
// chooses (DNS rebinding), but it then says that name in Host. And under our own name a foreign page can call us with
// the credentials that the browser remembers; the browser then says whose page it is.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "daemon/http/http_server.h"

namespace batchd::daemon {

// "Example.org:8090" -> "example.org", "[::1]:8090" -> "[::1]"; empty if it is neither HOST nor HOST:PORT.
std::string host_name(std::string_view authority);

// Whether a browser says that the page of another origin is behind this request (Sec-Fetch-Site, Origin). Programs say
// neither.
bool is_cross_site(const RequestHead& head);

class KnownHosts {
 public:
  // Loopback's names, the host of `listen`, and `more`.
  KnownHosts(std::string_view listen, const std::vector<std::string>& more);
  bool know(std::string_view host_header) const { return names_.contains(host_name(host_header)); }

 private:
  std::unordered_set<std::string> names_;
};

}  // namespace batchd::daemon
