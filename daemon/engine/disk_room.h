// Free space on the database's disk.
#pragma once

#include "config/config.h"

namespace batchd::daemon {

// Returns true if `bytes` more on the disk would leave disk_floor + reserve free, or if the free space is unknown.
// Below that intake stops, and only results are still written.
bool has_room(const config::Store& store, std::int64_t bytes);

}  // namespace batchd::daemon
