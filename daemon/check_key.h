// Does the provider take this key? One free call with it, and nothing of a daemon: no database, no socket.
#pragma once

#include <iosfwd>
#include <string>

#include "config/config.h"

namespace batchd::daemon {

// The key is what `input` holds, white space around it removed. Says in one line what came out: on `output` that it is
// accepted, else on `errors`. Takes about 20 seconds at most. The key itself is shown nowhere. Returns an exit code
// (sysexits): 0 accepted, 65 that is no key, 69 it couldn't be checked, 77 refused, in the provider's words, 78 no such
// account, or one that can't be called. For a process that ends now, by quick_exit(): a look-up of a name that hangs
// has a thread of its own, and an orderly end would wait for it.
int check_key(const config::Config& config, const std::string& account, std::istream& input, std::ostream& output,
              std::ostream& errors);

}  // namespace batchd::daemon
