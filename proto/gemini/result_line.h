// Reads the lines of a Gemini result file: {"key","response"} or {"key","error"}, members in any order, others ignored.
#pragma once

#include <memory>

#include "core/provider.h"

namespace batchd::proto {

std::unique_ptr<core::ResultLineReader> gemini_result_reader();

}  // namespace batchd::proto
