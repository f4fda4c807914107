// After a key was stored: the daemon takes it, and its account is seen to be well.
#pragma once

#include <string>

#include "ctl/key/key_file.h"
#include "ctl/link/session.h"
#include "ctl/system/service.h"

namespace batchd::ctl {

// The command by which systemd lets the daemon take a key from this file: a credential is read at the start only.
std::string take_command(const KeyFile& file);

// What the daemon says of the account. Waits for a daemon that comes up, and an account that has taken the key of this
// fingerprint and is well, for a while.
struct AccountView {
  bool answered = false;  // 2xx
  bool known = false;     // there is such an account
  bool healthy = false;
  std::string detail;
  std::string key;  // the fingerprint of the key in force (json::fingerprint); empty: none
  Reply reply;      // the last
};
AccountView watch_account(Session& session, const std::string& account, const std::string& key, bool wait);

// After a restart: whether systemd handed the stored credential over to the service.
bool credential_arrived();

// Lets systemd do it. False: it didn't work, and that has been said.
bool restart_service(Session& session, const KeyFile& file);

}  // namespace batchd::ctl
