// The accounts of three kinds of providers, each with a key from another place, or with none, and each with a host of
// its own, which admits calls with its own key only.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/provider.h"
#include "tests/daemon/kinds/troubles.h"
#include "tests/daemon/kinds/upstream.h"
#include "tests/daemon/stages/vendor.h"
#include "tests/fictitious/fake_provider.h"

namespace batchd::daemon::testing {

inline const std::string kFileKey = "vZ8r-Qk2TnYw5HsLx0Jp", kNewFileKey = "bN4c-Rm7UaEd1GfKi9Vo";
inline const std::string kVariableKey = "tX6y.Wq3PzCj8DhBs5Mu", kCredentialKey = "gL1e_Fo9SkIv2NrAt7Zd";
// Of all accounts of kind gemini that have none of their own; and one in the place that is looked at after that.
inline const std::string kSharedKey = "hU5w-Jb0XcMq4YlEg6Tn", kUnusedKey = "pD3s-Vi8OaHf7KxRz1Cy";
inline const std::vector<std::string> kAllKeys{kFileKey,       kNewFileKey, kVariableKey,
                                               kCredentialKey, kSharedKey,  kUnusedKey};

struct Host {
  std::string account;
  const Vendor& vendor;
  std::string prefix;  // of the account's base_url
  std::string key;     // empty: there is none for the account
  std::unique_ptr<core::Provider> provider = vendor.make();
  std::unique_ptr<fictitious::FakeProvider> fake = vendor.make_fake();
  std::optional<Troubles> troubles = std::nullopt;
  std::vector<std::string> elsewhere = {};  // the origins of all other hosts
  std::unique_ptr<Upstream> upstream = nullptr;
};

class Hosts {
 public:
  // With `troubles` each kind of call meets all faults before it is answered properly.
  explicit Hosts(bool troubles);

  std::list<Host>& all() { return hosts_; }
  Host& of(const std::string& account);
  bool astray() const { return astray_; }  // a host got a call without its own key, or with another one

  void end_jobs();
  // Returns the job that was made of a batch, which only the providers know; empty if there is none.
  std::string job_of(const std::string& batch) const;
  // Returns true if these kinds of calls, or all that there are, have met all faults, at each host that has a key.
  bool met_all(const std::string& what = {}) const;
  std::string faults_met() const;  // for people

 private:
  core::HttpEvent answer(Host& host, const core::HttpCall& call, const Upstream::Properly& properly);

  std::atomic<bool> astray_ = false;
  std::list<Host> hosts_;  // destroyed before what their threads use
};

// Returns what is wrong with a call that came to this host: nothing, if it has this key where it belongs, and no other.
std::string wrong_with(const Upstream::Seen& seen, const Host& host, const std::string& key);

}  // namespace batchd::daemon::testing
