// google.rpc.Status, the form of errors inside operations and result lines:
// {"code":13,"message":"...","details":[...]}.
#pragma once

#include <string>

#include "proto/control_document.h"

namespace batchd::proto {

struct RpcStatus {
  int code = 0;         // google.rpc.Code; 0 if absent or impossible
  std::string message;  // at most kProviderMessageBytesMax
};
RpcStatus read_status(const JsonValue& status);

}  // namespace batchd::proto
