// Waiting for one request. The result is in the store; a wait that ends early loses nothing.
#pragma once

#include <optional>

#include "core/types.h"
#include "daemon/api/desk.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {

// How a wait ended. With neither member set, the client has gone and nobody is left to answer.
struct Waited {
  std::optional<core::RequestView> request;  // the finished request, or its state at `due`
  std::optional<Problem> problem;
};

// When the exchange next tells its client that the call goes on. One pulse serves all requests that a call waits for.
struct Pulse {
  core::Duration period{};
  core::SteadyTime next{};
};
// Returns a pulse with a beat every `period` from now on; it never beats if `period` isn't positive.
Pulse pulse(const Engine& engine, core::Duration period);

// Waits until the request has ended, until `due`, until the client hangs up or its token is revoked, or until the
// daemon stops.
Task<Waited> wait_for(Engine& engine, Exchange& exchange, core::RequestId request, core::SteadyTime due, Pulse& pulse);

// Answers with the request object: status 200 if the request has ended within `wait`, else `unfinished_status`.
Task<void> answer_when_finished(Desk& desk, Exchange& exchange, core::RequestId request, core::Duration wait,
                                int unfinished_status);
// Answers with the request object as it is.
Task<void> answer_with(Desk& desk, Exchange& exchange, const core::RequestView& request, int status);

}  // namespace batchd::daemon
