// Wall times as text: RFC 3339, UTC, milliseconds.
#pragma once

#include <string>

#include "core/time.h"

namespace batchd::proto {

std::string rfc3339(core::WallTime time);  // "2026-11-22T15:04:23.120Z"

}  // namespace batchd::proto
