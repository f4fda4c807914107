// Values with units as the configuration and callers write them: "500ms", "60s", "15m", "48h", "7d"; "1GiB", "20 GB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace batchd::core {

// Read a whole number and a unit, with one space between them or none; parse_count() a number alone. Return nullopt if
// the text is anything else or the value exceeds 63 bits.
std::optional<Duration> parse_duration(std::string_view text);
std::optional<std::int64_t> parse_size(std::string_view text);  // bytes
std::optional<std::int64_t> parse_count(std::string_view text);

// Return the value in the largest unit that is exact, as the parsers read it back.
std::string duration_text(Duration duration);
std::string size_text(std::int64_t bytes);

}  // namespace batchd::core
