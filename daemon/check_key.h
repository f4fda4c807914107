// Asks the provider, with a free call, whether it accepts a key. Needs nothing of a daemon: no database, no socket.
#pragma once

#include <iosfwd>
#include <string>

#include "config/config.h"
#include "daemon/provider/kinds.h"

namespace batchd::daemon {

// Checks the key that `input` holds, without the white space around it, at the provider of `account`. Writes the result
// as one line: to `output` if the key is accepted, else to `errors`. The key itself is written nowhere. Takes about 20
// seconds at most.
// Returns an exit code (sysexits): 0 accepted, 65 the input is no key, 69 the key couldn't be checked, 77 refused by
// the provider, whose message is shown, 78 there is no such account, or its provider can't be called.
// The process must end afterwards by quick_exit(): a name look-up that hangs has a thread of its own, for which an
// orderly end would wait.
int check_key(const config::Config& config, const std::string& account, const ProviderKinds& kinds, std::istream& input,
              std::ostream& output, std::ostream& errors);

}  // namespace batchd::daemon
