// batchctl setup: gives the service a provider's key, and sees that it works.
#pragma once

#include "config/config.h"
#include "ctl/link/session.h"

namespace batchd::ctl {

struct SetupOptions {
  std::string account;   // empty: the only one, or "default"
  std::string key_file;  // "-": standard input; empty: asked for, or standard input if that is no terminal
  bool check = true;     // the key, by one free call to the provider
  bool restart = true;   // let the daemon take it
};
// Brings a key of the Gemini API to where the daemon reads it, and sees that the daemon works with it.
int setup_gemini(Session& session, const SetupOptions& options, const config::Environment& environment);

}  // namespace batchd::ctl
