// Reads and writes the provider's error body:
// {"error":{"code":400,"message":"...","status":"INVALID_ARGUMENT","details":[...]}}.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "core/types.h"

namespace batchd::proto {

struct ProviderError {
  int code = 0;  // an HTTP status in the body of an answer; a gRPC code inside operations
  std::string status;
  std::string message;                        // not shortened
  std::vector<std::string> reasons;           // of each google.rpc.ErrorInfo among the details
  std::optional<core::Duration> retry_delay;  // of a google.rpc.RetryInfo among them
  bool names_thing = false;  // the document also has a "name": an operation that failed, not a refused call
};

// Returns nullopt if the body has no error in the provider's own form (it may be plain text, HTML, or JSON from
// elsewhere).
std::optional<ProviderError> parse_error(std::string_view body);

// An error for batchd's own callers, in the same form.
struct GeminiError {
  int http_status = 500;
  std::string body;
};
GeminiError gemini_error(int http_status, std::string_view message);  // for a problem of the local API
GeminiError gemini_error(const core::RequestError& error);            // for a request that ended without a response

}  // namespace batchd::proto
