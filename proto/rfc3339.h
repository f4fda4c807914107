// Wall times as text: RFC 3339, milliseconds.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace batchd::proto {

std::string rfc3339(core::WallTime time);  // UTC: "2026-11-22T15:04:23.120Z"
// Any zone; what is finer than a millisecond is dropped. None: not RFC 3339, without a zone, or no day of the calendar.
std::optional<core::WallTime> parse_rfc3339(std::string_view text);

}  // namespace batchd::proto
