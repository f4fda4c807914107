// The program batchd without its list of providers, so that a program for tests can have others.
#pragma once

#include "daemon/provider/kinds.h"

namespace batchd::daemon {

// Parses the command line, reads the configuration, and does what they say: runs the daemon, or one of the other things
// that `batchd --help` names. Accounts may have providers of these kinds. Returns the process's exit code, or ends the
// process.
int run_daemon(int argc, char** argv, const ProviderKinds& kinds);

}  // namespace batchd::daemon
