// The end of a call that was held for a client which knows no id: who may still come for its answer.
#pragma once

#include "daemon/engine.h"
#include "daemon/http_server.h"

namespace batchd::daemon {

// Before the handler returns. `answered`: all of the answer was written. If not, the call is an orphan from now on. If
// so, it may become one for retention.reattach_grace, should the client turn out not to have taken the answer; else it
// is over, and acknowledged. A process that dies before it knows leaves such an orphan, too.
Task<void> part_from_caller(Engine& engine, Exchange& exchange, core::RequestId request, bool answered);

}  // namespace batchd::daemon
