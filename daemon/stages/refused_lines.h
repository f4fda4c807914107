// What follows when a provider refuses a batch and names the lines at fault: in its answer to the create call, or as
// the end of a job that was refused later.
#pragma once

#include <span>

#include "core/store.h"

namespace batchd::daemon {

// Fails each request on a named line of a batch in state refused with what the provider said of that line, never with
// words about another owner's. If none of the lines is one of ours, the batch counts as poisoned instead: sent whole
// again, it would be refused again, for ever. To be called in the transaction that moves the batch to refused, so that
// a crash can't forget which lines they were.
core::Result<core::Recorded> fail_named_lines(core::Store& store, core::BatchId batch,
                                              std::span<const core::LineRefusal> lines, core::WallTime wall);

}  // namespace batchd::daemon
