// The accounts in an answer to GET /admin/status.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace batchd::ctl {

struct AccountState {
  std::string name = {};
  bool healthy = false;
  std::string key = {};     // the fingerprint of the key in force; empty: none
  std::string detail = {};  // the daemon's words, for people
};

// Returns the accounts in the order of the answer; none if the text isn't such an answer.
std::vector<AccountState> accounts_of(std::string_view status);

}  // namespace batchd::ctl
