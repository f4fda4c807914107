// Wall times as text: RFC 3339, milliseconds.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace batchd::proto {

std::string rfc3339(core::WallTime time);  // in UTC: "2026-11-22T15:04:23.120Z"
// Reads a time in any zone; what is finer than a millisecond is dropped. Returns nullopt if the text isn't RFC 3339,
// has no zone, or names no day of the calendar.
std::optional<core::WallTime> parse_rfc3339(std::string_view text);

}  // namespace batchd::proto
