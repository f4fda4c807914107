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
  // Returns how problems at this path are shown, whether there is such a call or not: as by the first row that renders
  // and that the path begins like.
  Route::Render render_for(std::string_view path) const;

  Desk& desk_;
  std::vector<Route> routes_;
};

}  // namespace batchd::daemon
