// google.rpc.Code and google.rpc.Status, the form of errors inside operations and result lines:
// {"code":13,"message":"...","details":[...]}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/types.h"
#include "proto/control_document.h"

namespace batchd::proto {

struct RpcStatus {
  int code = 0;         // google.rpc.Code; 0 if absent or impossible
  std::string message;  // at most kProviderMessageBytesMax
  int http_status = 0;  // 0 unless `code` was shown as one
};
// Also reads the form of errors that answers have, with an HTTP status and a word:
// {"code":400,"status":"INVALID_ARGUMENT","message":"..."}.
RpcStatus read_status(const JsonValue& status);
// Reads an error that ends a text as JSON: "Bad Request: {\"error\":{\"code\":400,...}}". Returns nullopt if there is
// none, or none that can be read.
std::optional<RpcStatus> embedded_status(std::string_view text);

// --- google.rpc.Code
std::string_view grpc_status(int code);  // 13: "INTERNAL"; "UNKNOWN" if `code` is no google.rpc.Code
int grpc_code(std::string_view status);  // "INTERNAL": 13; 0 if no error has this name
int grpc_code(core::ErrorClass kind);    // of batchd's own errors of this class, which are gRPC codes
core::ErrorClass error_class(int code);  // `other` for every code that has no class of its own, and for no code

// Returns the provider's error with this code and these words, which are cut to kProviderMessageBytesMax. `value` is
// the error as it came, or empty; it is left out if it is longer than kProviderErrorBytesMax.
core::RequestError rpc_error(int code, std::string_view message, std::string_view value);

}  // namespace batchd::proto
