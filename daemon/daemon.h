// The composition root: builds everything once, starts the stages and the server, and takes it all down in order.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "daemon/provider/kinds.h"

namespace batchd::daemon {

// Runs until SIGTERM or SIGINT (a second one cuts the grace short). Returns the process's exit code (sysexits): 0
// stopped by a signal, 69 socket unavailable, 73 database can't be opened, 75 another batchd has the database or the
// socket, 78 database written by a newer batchd, or what systemd passed isn't our socket. Bugs and a broken store end
// the process from within (70, 74). SIGHUP reads `file` again (daemon/host/reload.h), unless it is nullopt. `kinds` are
// the providers that accounts may have. Throws std::invalid_argument if an account's provider can't be called.
int run_daemon(const config::Config& config, const config::Environment& environment, std::optional<std::string> file,
               const ProviderKinds& kinds);

}  // namespace batchd::daemon
