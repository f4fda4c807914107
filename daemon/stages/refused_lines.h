// What follows when the provider names lines of a batch that it refuses.
#pragma once

#include <span>
#include <vector>

#include "core/store.h"

namespace batchd::daemon {

// Returns the numbers of these lines, in their order.
std::vector<std::int64_t> line_numbers(std::span<const core::LineRefusal> lines);

// Fails the requests on these lines, each with its own error, all in one transaction.
core::Result<core::Recorded> fail_lines(core::Store& store, core::BatchId batch,
                                        std::span<const core::LineRefusal> lines, core::WallTime wall);

// Fails the requests on the lines that the provider named, each with its own words. To be called inside a transaction
// that has moved the batch to refused, with RefusedFor::lines. Nobody fails if the batch has requests of several
// owners: the provider's words may quote one owner's text as if it were about another's line. Then the owners of these
// lines are recorded, and the batch is marked RefusedFor::owners. If none of the lines is the batch's, it is marked
// RefusedFor::poison.
core::Result<core::Recorded> take_named_lines(core::Store& store, core::BatchId batch,
                                              std::span<const core::LineRefusal> lines, core::WallTime wall);

}  // namespace batchd::daemon
