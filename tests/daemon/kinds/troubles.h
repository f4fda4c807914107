// What a provider answers before it answers properly: each fault once for each kind of call. Many of the answers name
// another host, and would have the call, or the next one, go there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/http.h"
#include "tests/daemon/kinds/upstream.h"

namespace batchd::daemon::testing {

class Troubles {
 public:
  // Answers a call, by a fault if its kind hasn't met all of them. `elsewhere` are the origins of other hosts.
  core::HttpEvent answer(const core::HttpCall& call, const Upstream::Properly& properly,
                         const std::vector<std::string>& elsewhere);

  // Returns true if this kind of call has met all faults: "create", "poll", ...
  bool met_all(const std::string& what) const;
  std::string met() const;  // for people: how many of the faults each kind of call has met

 private:
  std::map<std::string, std::size_t> met_;  // by kind of call
  std::size_t calls_ = 0;
};

// Returns all kinds of calls that batchd makes of a provider of this kind.
std::vector<std::string> kinds_of_calls(const std::string& kind);

}  // namespace batchd::daemon::testing
