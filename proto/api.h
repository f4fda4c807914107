// The JSON of the local API (docs/api.md): bytes to core types and back, pure.
#pragma once

#include "proto/api_status.h"      // GET /v1/status, /admin/status
#include "proto/api_submission.h"  // the body of POST /v1/requests, and of the admin calls

#include <string>

#include "core/types.h"

namespace batchd::proto {

// RFC 9457, application/problem+json: {"type","title","status","detail","code","retryable","hint"?}.
struct Problem {
  int status = 500;
  std::string code = {};    // stable, for programs: "queue_full"; the type is "urn:batchd:problem:<code>"
  std::string detail = {};  // for people
  bool retryable = false;   // the same call may succeed later
  std::string hint = {};    // what to do; empty: left out
};
std::string problem(const Problem& problem);

// A request object. succeeded: the answer is head, the stored bytes of the response, tail. Every other state: head
// alone (tail is empty).
struct RequestJson {
  std::string head, tail;
};
RequestJson request_json(const core::RequestView& request);

}  // namespace batchd::proto
