// Values with units, as the configuration writes them: core/units.h has the grammar.
#pragma once

#include "core/units.h"

namespace batchd::config {
using core::duration_text;
using core::parse_count;
using core::parse_duration;
using core::parse_size;
using core::size_text;
}  // namespace batchd::config
