// What the status calls, the page and the metrics show, gathered from the store and the accounts.
#pragma once

#include "daemon/engine/engine.h"
#include "proto/api/status.h"

namespace batchd::daemon {

Task<core::Result<proto::AdminStatus>> gather_status(Engine& engine, core::WallTime started_at);
Task<core::Result<proto::Attention>> gather_attention(Engine& engine);

}  // namespace batchd::daemon
