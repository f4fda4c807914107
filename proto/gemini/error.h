// The provider's error body, read and written:
// {"error":{"code":400,"message":"...","status":"INVALID_ARGUMENT","details":[...]}}.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace batchd::proto {

struct ProviderError {
  int code = 0;  // HTTP status in the body; gRPC code inside of operations
  std::string status;
  std::string message;       // whole
  std::string reason;        // of a google.rpc.ErrorInfo among the details
  bool names_thing = false;  // the document has a "name" too: an operation that failed, not a refused call
};

// None: no error in the provider's own form (plain text, HTML, another's JSON).
std::optional<ProviderError> parse_error(std::string_view body);

// The numbers in "Error on line N", ascending, each once.
std::vector<std::int64_t> error_lines(std::string_view message);
// What the message says of one of them, alone and bounded.
std::string words_on_line(std::string_view message, std::int64_t line);

// What our own callers get, in the same form.
struct GeminiError {
  int http_status = 500;
  std::string body;
};
GeminiError gemini_error(int http_status, std::string_view message);  // of a problem of the local API
GeminiError gemini_error(const core::RequestError& error);            // of a request that ended without a response

}  // namespace batchd::proto
