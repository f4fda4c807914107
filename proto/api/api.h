// The JSON of the local API (docs/api.md): turns bytes into core types and back, without I/O.
#pragma once

#include "proto/api/bulk.h"        // what became of a bulk submission
#include "proto/api/status.h"      // GET /v1/status, /admin/status
#include "proto/api/submission.h"  // the bodies of POST /v1/requests and other calls

#include <string>
#include <string_view>
#include <vector>

#include "core/store.h"
#include "core/types.h"

namespace batchd::proto {

// RFC 9457, application/problem+json: {"type","title","status","detail","code","retryable","hint"?}.
struct Problem {
  int status = 500;
  std::string code = {};     // stable, for programs: "queue_full"; the type is "urn:batchd:problem:<code>"
  std::string detail = {};   // for people
  bool retryable = false;    // the same call may succeed later
  std::string hint = {};     // what to do; left out if empty
  std::string members = {};  // more members as JSON text: "lines":3,"accepted":1; may be empty
};
// Returns the body of the problem.
std::string problem(const Problem& problem);

// A request object as JSON. With the response of a succeeded request it is head, the stored bytes of the response (in
// base64 if RequestForm::response_fault is set), tail. Otherwise it is head alone, and tail is empty.
struct RequestJson {
  std::string head, tail;
};
struct RequestForm {
  std::string cursor = {};  // shown right after the id; left out if empty
  bool response = true;     // false: without the response or the provider's own error, as in listings
  // Why the response can't be a value in a JSON document; empty if it can. If it can't, it is shown as a string of
  // base64, "response_base64", after these words, "response_fault".
  std::string response_fault = {};
};
RequestJson request_json(const core::RequestView& request, const RequestForm& form);
RequestJson request_json(const core::RequestView& request);  // in the usual form

// GET /v1/requests: {"requests":[...],"next":"..."?}.
std::string listing_json(const core::RequestPage& page);
// POST /v1/results/ack: {"acknowledged":N,"unknown":[...]?}. `unknown` is null, and left out, unless ids were
// acknowledged.
std::string acknowledged_json(std::int64_t requests, const std::vector<core::RequestId>* unknown);
// DELETE /v1/requests/{id} and /v1/groups/{name}.
std::string cancelled_json(core::RequestId request, core::RequestState was);
std::string group_cancelled_json(std::string_view group, std::int64_t cancelled, std::int64_t finished);

}  // namespace batchd::proto
