// The two state machines, of requests and of batches: what each state means, and the only changes (arrows) that exist.
// The arrow tables are data: a store makes no change that isn't an arrow (CHECK), and the static_asserts below prove
// that every state can reach an end. Each stage (daemon/stages/stages.h) owns the arrows out of some states.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace batchd::core {

// --- a request -------------------------------------------------------------------------------------------------------

// Values are stored: never renumber. A terminal state never changes: the first durable outcome wins.
enum class RequestState : std::uint8_t {
  queued = 0,     // durable, waiting for a batch
  packed = 1,     // member of one batch that isn't done
  succeeded = 2,  // has the provider's response
  failed = 3,     // has an error, the provider's or ours
  cancelled = 4,  // cancelled by its owner
  expired = 5,    // its deadline passed, or its last attempt ended in an EXPIRED job
};
inline constexpr std::size_t kRequestStates = 6;

struct RequestArrow {
  RequestState from, to;
};
inline constexpr std::array kRequestArrows{
    RequestArrow{RequestState::queued, RequestState::packed},
    RequestArrow{RequestState::queued, RequestState::cancelled},
    RequestArrow{RequestState::queued, RequestState::expired},
    RequestArrow{RequestState::packed, RequestState::packed},  // moved to a child batch
    RequestArrow{RequestState::packed, RequestState::queued},  // unsealed, or requeued after a run that gave no result
    RequestArrow{RequestState::packed, RequestState::succeeded},
    RequestArrow{RequestState::packed, RequestState::failed},
    RequestArrow{RequestState::packed, RequestState::cancelled},
    RequestArrow{RequestState::packed, RequestState::expired},
};

constexpr bool is_terminal(RequestState state) {
  return state != RequestState::queued && state != RequestState::packed;
}

// --- a batch ---------------------------------------------------------------------------------------------------------

// Values are stored: never renumber.
enum class BatchState : std::uint8_t {
  sealing = 0,      // members are being claimed, in chunks
  sealed = 1,       // membership is final, nothing sent
  uploading = 2,    // its input file is being sent to the provider; resumable
  uploaded = 3,     // its input file is at the provider; nothing that costs money has been sent
  creating = 4,     // the intent: since its commit the create call may have been sent
  submitted = 5,    // the provider gave it a job name
  unclear = 6,      // it isn't known whether a job exists: listings decide
  fencing = 7,      // no job was found in quarantine: the input file is being deleted, so that no late create can run
  fenced = 8,       // proven that no job can run: members move on to a child batch
  refused = 9,      // the provider said no before running anything: members move on, or fail
  unsealed = 10,    // given up before anything was created: members go back to the queue
  lost = 11,        // the provider answers 404 to the job's name: a grace period is running
  held = 12,        // waits for an operator's decision (batchctl attention)
  ended = 13,       // the job is over
  collecting = 14,  // its results are being read
  done = 15,        // nothing left to do; kept for display until purged
};
inline constexpr std::size_t kBatchStates = 16;

struct BatchArrow {
  BatchState from, to;
};
inline constexpr std::array kBatchArrows{
    BatchArrow{BatchState::sealing, BatchState::sealed},     BatchArrow{BatchState::sealing, BatchState::unsealed},
    BatchArrow{BatchState::sealed, BatchState::uploading},   BatchArrow{BatchState::sealed, BatchState::unsealed},
    BatchArrow{BatchState::uploading, BatchState::uploaded}, BatchArrow{BatchState::uploading, BatchState::refused},
    BatchArrow{BatchState::uploading, BatchState::unsealed}, BatchArrow{BatchState::uploaded, BatchState::creating},
    BatchArrow{BatchState::uploaded, BatchState::uploading},  // the file is too old, or gone
    BatchArrow{BatchState::uploaded, BatchState::unsealed},  BatchArrow{BatchState::creating, BatchState::submitted},
    BatchArrow{BatchState::creating, BatchState::uploaded},   // proven not created
    BatchArrow{BatchState::creating, BatchState::uploading},  // refused because the file is gone: it needs a new one
    BatchArrow{BatchState::creating, BatchState::refused},   BatchArrow{BatchState::creating, BatchState::unclear},
    BatchArrow{BatchState::unclear, BatchState::submitted},  BatchArrow{BatchState::unclear, BatchState::fencing},
    BatchArrow{BatchState::unclear, BatchState::held},       BatchArrow{BatchState::fencing, BatchState::fenced},
    BatchArrow{BatchState::fencing, BatchState::submitted},  BatchArrow{BatchState::fencing, BatchState::held},
    BatchArrow{BatchState::submitted, BatchState::ended},    BatchArrow{BatchState::submitted, BatchState::lost},
    BatchArrow{BatchState::lost, BatchState::submitted},     BatchArrow{BatchState::lost, BatchState::held},
    BatchArrow{BatchState::held, BatchState::submitted},  // an operator's decision, like the next two
    BatchArrow{BatchState::held, BatchState::fencing},       BatchArrow{BatchState::held, BatchState::collecting},
    BatchArrow{BatchState::ended, BatchState::collecting},   BatchArrow{BatchState::collecting, BatchState::done},
    BatchArrow{BatchState::collecting, BatchState::refused},  // the job FAILED without result lines: bisect
    BatchArrow{BatchState::collecting, BatchState::held},    BatchArrow{BatchState::refused, BatchState::done},
    BatchArrow{BatchState::refused, BatchState::uploaded},   // none of its requests is at fault as far as is known
    BatchArrow{BatchState::refused, BatchState::uploading},  // its input file is gone: it needs a new one
    BatchArrow{BatchState::fenced, BatchState::done},        BatchArrow{BatchState::unsealed, BatchState::done},
};

constexpr bool is_terminal(BatchState state) { return state == BatchState::done; }

// --- questions about the tables --------------------------------------------------------------------------------------

constexpr bool allowed(RequestState from, RequestState to) {
  for (const auto& arrow : kRequestArrows)
    if (arrow.from == from && arrow.to == to) return true;
  return false;
}
constexpr bool allowed(BatchState from, BatchState to) {
  for (const auto& arrow : kBatchArrows)
    if (arrow.from == from && arrow.to == to) return true;
  return false;
}

std::string_view to_text(RequestState state);  // the names above, which are part of the API
std::string_view to_text(BatchState state);
std::optional<RequestState> parse_request_state(std::string_view text);  // nullopt: not one of the names

namespace detail {
// Follows the arrows backwards from the terminal states until nothing new is reached.
template <class State, std::size_t States, class Arrows>
constexpr bool every_state_reaches_an_end(const Arrows& arrows) {
  std::array<bool, States> ends{};
  for (std::size_t i = 0; i < States; ++i) ends[i] = is_terminal(static_cast<State>(i));
  for (std::size_t round = 0; round < States; ++round)
    for (const auto& arrow : arrows)
      if (ends[static_cast<std::size_t>(arrow.to)]) ends[static_cast<std::size_t>(arrow.from)] = true;
  for (const bool reached : ends)
    if (!reached) return false;
  return true;
}
template <class Arrows>
constexpr bool terminal_states_are_final(const Arrows& arrows) {
  for (const auto& arrow : arrows)
    if (is_terminal(arrow.from)) return false;
  return true;
}
}  // namespace detail

static_assert(detail::every_state_reaches_an_end<RequestState, kRequestStates>(kRequestArrows));
static_assert(detail::every_state_reaches_an_end<BatchState, kBatchStates>(kBatchArrows));
static_assert(detail::terminal_states_are_final(kRequestArrows));
static_assert(detail::terminal_states_are_final(kBatchArrows));

}  // namespace batchd::core
