// The input files of a batch at its provider.
#pragma once

#include <optional>

#include "daemon/provider/account.h"

namespace batchd::daemon {

// The provider's name of the batch's n-th upload, and of the present one.
std::string input_file(const core::Batch& batch, int n);
inline std::string input_file(const core::Batch& batch) { return input_file(batch, batch.upload_n); }

// Deletes every upload of the batch (gone already is as good). A fault stops it: do it again later.
Task<std::optional<core::Fault>> remove_inputs(const core::Batch& batch, Account& account);

}  // namespace batchd::daemon
