// Who is at the other end of a socket.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "core/error.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

// Returns the id of the group `name`, or nullopt for an empty name. Returns Errc::invalid if there is no such group.
core::Result<std::optional<gid_t>> find_group(const std::string& name);

// Returns Errc::invalid in a user namespace that doesn't map every uid to itself: uids outside the map can't be told
// apart there.
core::Result<void> require_identity_uid_map();

// Returns the peer by the credentials that the kernel noted when it connected; nullopt if they are unknown.
std::optional<Peer> peer_of(int socket, std::optional<gid_t> admin_group);

// Returns true if a TCP connection comes from a loopback address; false also if that is unknown.
bool is_from_loopback(int socket);

}  // namespace batchd::daemon
