// The JSON of a batch.
#pragma once

#include "core/types.h"
#include "proto/api/members.h"

namespace batchd::proto {

// Writes the batch as one object.
void append_batch(Members& members, const core::Batch& batch);

}  // namespace batchd::proto
