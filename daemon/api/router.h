// Finds the handler of a call, and does what all calls have in common: permissions, wrong methods, unknown paths.
#pragma once

#include <vector>

#include "daemon/api/route.h"

namespace batchd::daemon {

class Router {
 public:
  // `desk` and the tables outlive the router.
  Router(Desk& desk, std::vector<Routes> tables) : desk_(desk), tables_(std::move(tables)) {}

  // Answers the call; returns once the answer is written or the client is gone.
  Task<void> handle(Exchange& exchange);

 private:
  Desk& desk_;
  const std::vector<Routes> tables_;
};

}  // namespace batchd::daemon
