// Socket activation (sd_listen_fds(3)): the service manager has bound the socket and listens on it, before us and
// after us, so that clients who come while we are away wait in its backlog.
#pragma once

#include <optional>
#include <string>

#include "core/error.h"

namespace batchd::daemon {

struct PassedSocket {
  int descriptor = -1;  // whoever gets it closes it; close-on-exec
  std::string path;     // where it is bound; "@NAME" if that is no file
};

// None: nothing was passed to this process. Errc::invalid: something else than one listening Unix stream socket was.
// The environment says nothing of it any more afterwards: call once, at the start.
core::Result<std::optional<PassedSocket>> take_passed_socket();

// Whether both paths lead to the same file.
bool same_file(const std::string& a, const std::string& b);

}  // namespace batchd::daemon
