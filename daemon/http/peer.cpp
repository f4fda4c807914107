#include "daemon/http/peer.h"

#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <vector>

namespace batchd::daemon {
namespace {

bool in_group(int socket, const ucred& credentials, gid_t group) {
  if (credentials.gid == group) return true;
  std::vector<gid_t> groups(64);
  for (;;) {
    auto bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) == 0) {
      groups.resize(bytes / sizeof(gid_t));
      return std::ranges::find(groups, group) != groups.end();
    }
    const auto needed = bytes / sizeof(gid_t);
    if (errno != ERANGE || needed <= groups.size()) return false;
    groups.resize(needed);
  }
}

}  // namespace

core::Result<std::optional<gid_t>> find_group(const std::string& name) {
  if (name.empty()) return std::optional<gid_t>();
  group entry{};
  group* found = nullptr;
  std::vector<char> space(4096);
  int error = ERANGE;
  while ((error = ::getgrnam_r(name.c_str(), &entry, space.data(), space.size(), &found)) == ERANGE)
    space.resize(space.size() * 2);
  if (error != 0 || found == nullptr) return core::Error{core::Errc::invalid, "no such group: " + name};
  return std::optional<gid_t>(found->gr_gid);
}

core::Result<void> require_identity_uid_map() {
  std::ifstream file("/proc/self/uid_map");
  std::uint64_t inside = 1;
  std::uint64_t outside = 1;
  std::uint64_t count = 0;
  if (file >> inside >> outside >> count && inside == 0 && outside == 0 && count == UINT32_MAX) return {};
  return core::Error{core::Errc::invalid,
                     "this user namespace maps uids, so callers can't be told apart (server.allow_mapped_uids)"};
}

std::optional<Peer> peer_of(int socket, std::optional<gid_t> admin_group) {
  ucred credentials{};
  socklen_t bytes = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) != 0) return std::nullopt;
  Peer peer{core::owner_of_uid(credentials.uid), credentials.uid == 0 || credentials.uid == ::geteuid()};
  peer.admin = peer.admin || (admin_group && in_group(socket, credentials, *admin_group));
  return peer;
}

bool is_from_loopback(int socket) {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  // The way the socket interface passes addresses.
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return false;
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  sockaddr_in6 v6{};
  if (address.ss_family != AF_INET6) return false;
  std::memcpy(&v6, &address, sizeof v6);
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
         (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
}

}  // namespace batchd::daemon
