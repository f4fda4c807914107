// Socket activation (sd_listen_fds(3)): the service manager binds the socket and listens on it before batchd starts and
// after it ends, so that clients that connect while batchd is away wait in the backlog.
#pragma once

#include <optional>
#include <string>

#include "core/error.h"

namespace batchd::daemon {

struct PassedSocket {
  int descriptor = -1;  // the receiver must close it; close-on-exec
  std::string path;     // the path it is bound to; "@NAME" if it is bound to an abstract name
};

// Returns the socket that was passed to this process, nullopt if nothing was passed. Errc::invalid if anything else
// than one listening Unix stream socket was passed. Removes what the environment says of it: call once, at the start.
core::Result<std::optional<PassedSocket>> take_passed_socket();

// Returns true if both paths lead to the same file.
bool same_file(const std::string& a, const std::string& b);

}  // namespace batchd::daemon
