// The local API of programs: which handler serves which call. proto/api turns bytes into core types; the handlers use
// the store and the waiters. Each handler answers its exchange once and returns when that answer is written or the
// client is gone.
//
//   call                                     handler              file
//   POST /v1/requests                        submit_request       intake.cpp; JSON lines: bulk.cpp
//   GET  /v1/requests                        list_requests        listing.cpp
//   GET  /v1/requests/{id}                   get_request          deliver.cpp
//   DELETE /v1/requests/{id}                 cancel_request       cancel.cpp
//   POST /v1/requests/{id}/retry             retry_request        retry.cpp
//   DELETE /v1/groups/{name}                 cancel_group         cancel.cpp
//   GET  /v1/results                         get_results          results.cpp
//   POST /v1/results/ack                     acknowledge_results  acknowledge.cpp
//
// The calls of operators and monitors are in daemon/admin/admin.h, those of vendors' SDKs in daemon/fronts/.
#pragma once

#include <string_view>

#include "daemon/api/route.h"

namespace batchd::daemon {

// Returns the table above; the rows live as long as the program.
Routes api_routes();

Task<void> submit_request(Desk& desk, Exchange& exchange, std::string_view);
Task<void> list_requests(Desk& desk, Exchange& exchange, std::string_view);
Task<void> get_request(Desk& desk, Exchange& exchange, std::string_view id);
Task<void> cancel_request(Desk& desk, Exchange& exchange, std::string_view id);
Task<void> retry_request(Desk& desk, Exchange& exchange, std::string_view id);
Task<void> cancel_group(Desk& desk, Exchange& exchange, std::string_view name);
Task<void> get_results(Desk& desk, Exchange& exchange, std::string_view);
Task<void> acknowledge_results(Desk& desk, Exchange& exchange, std::string_view);

}  // namespace batchd::daemon
