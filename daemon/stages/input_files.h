// The input files of a batch at its provider.
#pragma once

#include <optional>

#include "daemon/provider/account.h"

namespace batchd::daemon {

// Return the provider's name of the batch's n-th upload (from 1), and of its latest upload.
std::string input_file(const core::Batch& batch, int n);
inline std::string input_file(const core::Batch& batch) { return input_file(batch, batch.upload_n); }

// Deletes every upload of the batch; one that is gone already counts as deleted. Stops at the first fault and returns
// it: the caller tries again later.
Task<std::optional<core::Fault>> remove_inputs(const core::Batch& batch, Account& account);

}  // namespace batchd::daemon
