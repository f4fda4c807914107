// Durable acceptance, shared by every call that submits: one request, several, a retry, a vendor front's call.
#pragma once

#include <optional>
#include <vector>

#include "core/types.h"
#include "daemon/api/desk.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {

// Accepts a complete request; it is durable on return. A request with a `call` takes over an orphan of that call
// instead if there is one. Discards the spooled body if no request has adopted it.
Task<core::Result<core::Accepted>> accept(Engine& engine, core::NewRequest request);
// Accepts several requests, all or none, in one verb of the store. Bodies that are not spooled must total at most about
// 1 MiB.
Task<core::Result<std::vector<core::Accepted>>> accept_all(Engine& engine, std::vector<core::NewRequest> requests);

// Returns the problem to report for an error of accept().
Problem problem_of_accept(const core::Error& error);
// Returns what GET would show of a request that has just been queued, without its id and time.
core::RequestView view_of(const core::NewRequest& request);
// Answers a submission: 202 with `view` under the new id. With `wait`, and for a request that was known before, it
// answers as answer_when_finished() does.
Task<void> answer_accepted(Desk& desk, Exchange& exchange, core::Result<core::Accepted> accepted,
                           core::RequestView view, std::optional<core::Duration> wait);

}  // namespace batchd::daemon
