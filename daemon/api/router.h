// Finds the handler of a call, and does what all calls have in common: permissions, wrong methods, unknown paths.
#pragma once

#include <initializer_list>
#include <vector>

#include "daemon/api/route.h"

namespace batchd::daemon {

class Router {
 public:
  // Takes the rows of all tables, the first table's first: the first row that matches a call decides. `desk` outlives
  // the router.
  Router(Desk& desk, std::initializer_list<Routes> tables);

  // Answers the call; returns once the answer is written or the client is gone.
  Task<void> handle(Exchange& exchange);

 private:
  Desk& desk_;
  std::vector<Route> routes_;
};

}  // namespace batchd::daemon
