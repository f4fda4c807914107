// batchctl setup: gives the service a provider's key, and sees that it works.
#pragma once

#include "ctl/link/session.h"

namespace batchd::ctl {

struct SetupOptions {
  std::string kind;         // the account must have a provider of this kind
  std::string account;      // empty: the only one, or "default"
  std::string key_file;     // empty or "-": standard input, which is asked if it is a terminal
  bool no_check = false;    // else the key is tried by one free call to the provider
  bool no_restart = false;  // else the daemon is made to take it
};
// Brings a provider's key to where the daemon reads it, and sees that it works. Returns the exit code.
int setup_key(Session& session, const SetupOptions& options, const config::Environment& environment);

}  // namespace batchd::ctl
