// Rules that concern several keys, or more than a key's bounds.
#pragma once

#include <vector>

#include "config/config.h"

namespace batchd::config {

// Returns the faults, none if the configuration is sound. They name a key and no line: the loader knows where each key
// was written. `kinds` as in load().
std::vector<Fault> check(const Config& config, const Kinds& kinds);

}  // namespace batchd::config
