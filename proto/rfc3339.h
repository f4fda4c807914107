// Wall times as text: RFC 3339.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace batchd::proto {

std::string rfc3339(core::WallTime time);  // UTC, milliseconds: "2026-11-22T15:04:23.120Z"

// With "Z" or an offset, and any number of fractional digits (what is beyond milliseconds is cut). None: not such a
// time, or no such day.
std::optional<core::WallTime> parse_rfc3339(std::string_view text);

}  // namespace batchd::proto
