// The lines of a batch as its provider gets them: how many bytes they are, and in which files they may lie there.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "daemon/provider/account.h"

namespace batchd::daemon {

// Returns the bytes of all lines of the batch, frames included.
std::int64_t input_bytes(const core::Batch& batch, const core::Provider& provider);

// Deletes these files at the provider, from the one with the index `done`, which it raises; one that is gone already
// counts as deleted. Stops at the first fault and returns it: the caller goes on later. `done` must outlive the task.
Task<std::optional<core::Fault>> remove_inputs(std::span<const std::string> files, Account& account, std::size_t& done);

}  // namespace batchd::daemon
