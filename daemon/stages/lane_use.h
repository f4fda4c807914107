// What a lane has at its provider, and what is learned from that: the tag budget of core/budget.h, carried out.
#pragma once

#include <functional>

#include "daemon/engine/engine.h"

namespace batchd::daemon {

// Seen from one batch of the lane, which is left out itself. Tokens are estimates.
struct OthersOfLane {
  std::int64_t job_tokens = 0;  // of batches whose job is known to be there
  std::int64_t tokens = 0;      // of these, and of those whose job may exist
  std::int64_t batches = 0;     // all of these
};
Task<core::Result<OthersOfLane>> others_of_lane(Engine& engine, const core::Batch& batch);

// Whether this batch's tokens may be added to what is enqueued in its lane. With nothing else there they always may.
Task<core::Result<bool>> may_enqueue(Engine& engine, const core::Batch& batch);

// A 429 to this batch's create, which has been proven not to have taken effect. True: nothing else of the lane is
// there, so the batch itself is too much, and smaller ones have to be made of it. Done twice it changes nothing more.
// If even a single small request is refused, tokens aren't the reason (job slots that others use, say): what was
// learned is forgotten, and until a create is accepted batches just wait.
Task<core::Result<bool>> learn_from_throttle(Engine& engine, const core::Batch& batch);
// Its create was accepted.
Task<core::Result<void>> learn_from_create(Engine& engine, const core::Batch& batch);
// Its prompts, as the provider counted them, on `lines` of its lines.
struct PromptTokens {
  std::int64_t lines = 0, tokens = 0;
};
Task<core::Result<void>> learn_from_usage(Engine& engine, const core::Batch& batch, PromptTokens counted);

}  // namespace batchd::daemon
