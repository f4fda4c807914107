// The input files of a batch at its provider.
#pragma once

#include <optional>

#include "daemon/account.h"

namespace batchd::daemon {

// Deletes every upload of the batch (gone already is as good). A fault stops it: do it again later.
Task<std::optional<core::Fault>> remove_inputs(const core::Batch& batch, Account& account);

}  // namespace batchd::daemon
