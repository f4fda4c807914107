// Values with units, as the configuration and callers write them: "500ms", "60s", "15m", "48h", "7d"; "1GiB", "20 GB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace batchd::core {

// A whole number and a unit, a space between them at will. None: not that, or beyond 63 bits.
std::optional<Duration> parse_duration(std::string_view text);
std::optional<std::int64_t> parse_size(std::string_view text);  // bytes
std::optional<std::int64_t> parse_count(std::string_view text);

// In the largest unit that is exact; the parsers read it back.
std::string duration_text(Duration duration);
std::string size_text(std::int64_t bytes);

}  // namespace batchd::core
