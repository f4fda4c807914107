// A batch as the API shows it.
#pragma once

#include "core/types.h"
#include "proto/api/members.h"

namespace batchd::proto {

void append_batch(Members& members, const core::Batch& batch);  // one object

}  // namespace batchd::proto
