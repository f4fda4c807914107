// google.rpc.Status, which stands for an error inside of operations and result lines:
// {"code":13,"message":"...","details":[...]}.
#pragma once

#include <string>

#include "proto/control_document.h"

namespace batchd::proto {

struct RpcStatus {
  int code = 0;         // google.rpc.Code; 0: none is said
  std::string message;  // at most kProviderMessageBytesMax
};
RpcStatus read_status(const JsonValue& status);

}  // namespace batchd::proto
