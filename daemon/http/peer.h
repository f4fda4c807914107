// Who is at the other end of a socket.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "core/error.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

// The id of a group by its name; none for an empty name. Errc::invalid: no such group.
core::Result<std::optional<gid_t>> find_group(const std::string& name);

// Errc::invalid in a user namespace that doesn't map every uid to itself: there strangers look alike.
core::Result<void> require_identity_uid_map();

// The credentials that the kernel noted when the peer connected. None: the peer can't be told.
std::optional<Peer> peer_of(int socket, std::optional<gid_t> admin_group);

// Whether a TCP connection comes from this host. False also if that can't be told.
bool is_from_loopback(int socket);

}  // namespace batchd::daemon
