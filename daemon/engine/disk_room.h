// Is there room on the database's disk?
#pragma once

#include "config/config.h"

namespace batchd::daemon {

// Whether `bytes` more would leave what intake counts on: below that it stops, and only results are still written. Yes
// if nobody can tell.
bool has_room(const config::Store& store, std::int64_t bytes);

}  // namespace batchd::daemon
