// Finds out what a create was refused for when the answer alone doesn't tell (Fault::Kind::unexplained).
#pragma once

#include <optional>
#include <vector>

#include "core/provider.h"
#include "daemon/engine/engine.h"

namespace batchd::daemon {

struct Explanation {
  enum class What : std::uint8_t {
    nothing,              // all is there that was asked for
    input_gone,           // the input file isn't there, or is no use
    input_not_ready,      // the provider still works on the input file
    model,                // the model isn't there, or takes no batches
    references,           // requests name something that isn't there
    reference_not_ready,  // a request names something that the provider still works on
    fault,                // it couldn't be found out
  };
  What what = What::nothing;
  std::optional<core::RequestError> error;  // model: the provider's words
  std::vector<core::LineRefusal> lines;     // references, reference_not_ready: the lines of these requests, ascending
  bool incomplete = false;                  // more is named than was asked for
  bool asked_references = false;     // what comes before them explains nothing; a fault is about what requests name
  std::optional<core::Fault> fault;  // set with `fault`, unless the store failed
};

// Asks the provider about the batch's input file, its model, and what its requests name, in this order, until one of
// them explains a refusal. Reads all bodies of the batch, a piece at a time. Asks for at most kReferencesMax different
// things that requests name, those that come first.
Task<Explanation> explain_refusal(Engine& engine, Account& account, const core::Batch& batch, bool read_requests);
inline constexpr std::size_t kReferencesMax = 200;

}  // namespace batchd::daemon
