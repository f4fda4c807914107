#include "proto/gemini/dialogue.h"

#include <utility>

namespace batchd::proto {

core::Fault unreadable(CallKind call, const core::HttpEvent& event, std::string what) {
  return {.kind = unproven(call, event), .status = event.status, .message = std::move(what)};
}

}  // namespace batchd::proto
