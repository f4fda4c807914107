#include "proto/gemini/status.h"

#include <limits>

#include "core/limits.h"

namespace batchd::proto {

RpcStatus read_status(const JsonValue& status) {
  const auto code = integer_member(&status, "code").value_or(0);
  const bool possible = code > 0 && code <= std::numeric_limits<int>::max();
  return {possible ? static_cast<int>(code) : 0,
          bounded_text(text_member(&status, "message"), core::kProviderMessageBytesMax)};
}

}  // namespace batchd::proto
