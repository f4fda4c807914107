// Which names a TCP client may call us by. A browser can be led to our address under any name that its page's owner
// chooses (DNS rebinding), but it then says that name in Host.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace batchd::daemon {

// "Example.org:8090" -> "example.org", "[::1]:8090" -> "[::1]"; empty if it is neither HOST nor HOST:PORT.
std::string host_name(std::string_view authority);

class KnownHosts {
 public:
  // Loopback's names, the host of `listen`, and `more`.
  KnownHosts(std::string_view listen, const std::vector<std::string>& more);
  bool know(std::string_view host_header) const { return names_.contains(host_name(host_header)); }

 private:
  std::unordered_set<std::string> names_;
};

}  // namespace batchd::daemon
