// What the Gemini dialogues have in common besides proto/dialogue.h.
#pragma once

#include <string>

#include "proto/dialogue.h"
#include "proto/gemini/classify.h"

namespace batchd::proto {

// Returns the fault for an answer that proves nothing, since batchd itself finds something wrong in it. `what` must
// contain nothing of the answer.
core::Fault unreadable(CallKind call, const core::HttpEvent& event, std::string what);

}  // namespace batchd::proto
