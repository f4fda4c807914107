// Durable acceptance, for every call that submits: one request, several, a retry, a front's call.
#pragma once

#include <optional>
#include <vector>

#include "core/types.h"
#include "daemon/api/desk.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {

// Accepts a complete request; durable on return. A request with a `call` adopts an orphan of that call instead, should
// there be one. Discards a spooled body that nobody adopted.
Task<core::Result<core::Accepted>> accept(Engine& engine, core::NewRequest request);
// Accepts several requests, all or none, in one verb of the store. Unstaged bodies must total at most about 1 MiB.
Task<core::Result<std::vector<core::Accepted>>> accept_all(Engine& engine, std::vector<core::NewRequest> requests);

// Returns the problem that an error of accept() means to the caller.
Problem problem_of_accept(const core::Error& error);
// Returns what GET would show of a request that is queued now, without its id and time.
core::RequestView view_of(const core::NewRequest& request);
// Answers a submission: 202 with `view` under its new id. With `wait`, and for what was known before, it answers as
// answer_when_finished() does.
Task<void> answer_accepted(Desk& desk, Exchange& exchange, core::Result<core::Accepted> accepted,
                           core::RequestView view, std::optional<core::Duration> wait);

}  // namespace batchd::daemon
