// Rules between keys.
#pragma once

#include <vector>

#include "config/config.h"

namespace batchd::config {

// Faults have a key and no line: the reader knows where that key was written.
std::vector<Fault> check(const Config& config);

}  // namespace batchd::config
