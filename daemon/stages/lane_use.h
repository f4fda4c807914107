// What a lane has enqueued at its provider, and what is learned from that: carries out the token budget of
// core/budget.h.
#pragma once

#include <functional>
#include <optional>

#include "daemon/engine/engine.h"

namespace batchd::daemon {

// The other batches of a batch's lane that have a job at the provider, or may have one: those of its suspicious queue
// too, since the provider counts them together. Tokens are estimates.
struct OthersOfLane {
  std::int64_t job_tokens = 0;  // of the batches whose job is known to be there
  std::int64_t tokens = 0;      // of all these batches
  std::int64_t batches = 0;     // number of all these batches
};
Task<core::Result<OthersOfLane>> others_of_lane(Engine& engine, const core::Batch& batch);

// Returns what bounds the lane's tokens: the configuration, and what its provider lets a new customer have.
core::TokenLimits token_limits(Engine& engine, const core::Lane& lane);
// Returns until when nothing may be created in a lane, since its provider has just refused a batch as too much; nullopt
// if it doesn't rest.
std::optional<core::WallTime> rests_until(const Engine& engine, const core::LaneBudget& learned);

// Returns true if this batch's tokens may be added to what is enqueued in its lane: never while the lane rests, else
// always if nothing else is there.
Task<core::Result<bool>> may_enqueue(Engine& engine, const core::Batch& batch);

// Learns from a 429 to the batch's create, which has been proven to have made no job. Returns true if no other batch of
// the lane is there, so that this batch alone is too much and has to be made into smaller ones. Learning twice from the
// same 429 changes nothing more. If even a single small request is refused, tokens aren't the reason (job slots that
// others use, say): what was learned is forgotten, and until a create is accepted batches just wait. The lane rests for
// throttle_first, or until Batch::not_before, by which the provider's wish to wait is passed on, if that is later.
Task<core::Result<bool>> learn_from_throttle(Engine& engine, const core::Batch& batch);
// Learns from the batch's create having been accepted.
Task<core::Result<void>> learn_from_create(Engine& engine, const core::Batch& batch);
// Prompt tokens counted by the provider, known for `lines` of the batch's lines.
struct PromptTokens {
  std::int64_t lines = 0, tokens = 0;
};
// Learns from a collected batch how many tokens the provider counts for each token of our estimate.
Task<core::Result<void>> learn_from_usage(Engine& engine, const core::Batch& batch, PromptTokens counted);

}  // namespace batchd::daemon
