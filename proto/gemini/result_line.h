// Reads the lines of a Gemini result file: {"key","response"} or {"key","error"}, members in any order, others ignored.
// A job that shows its results itself has the key in {"metadata":{"key"}}.
#pragma once

#include <memory>

#include "core/provider.h"

namespace batchd::proto {

std::unique_ptr<core::ResultLineReader> gemini_result_reader();

}  // namespace batchd::proto
