#include "proto/gemini/dialogue.h"

#include <utility>

#include "proto/gemini/retry_after.h"

namespace batchd::proto {

core::Fault unreadable(CallKind call, const core::HttpEvent& event, std::string what) {
  return {.kind = unproven(call, event),
          .status = event.status,
          .message = std::move(what),
          .retry_after = retry_after(event)};
}

}  // namespace batchd::proto
