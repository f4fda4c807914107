// The two state machines: which states there are, what each means, and the only arrows between them.
// The arrow tables are data. storage/ refuses a change that isn't an arrow; the static_asserts below prove that every
// state can still reach an end. The stages (daemon/stages/stages.h) each own the arrows out of some states.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace batchd::core {

// --- a request -------------------------------------------------------------------------------------------------------

// Values are stored: never renumber. The terminal ones are immutable: the first durable outcome wins.
enum class RequestState : std::uint8_t {
  queued = 0,     // durable, waiting for a batch
  packed = 1,     // member of one batch that isn't over
  succeeded = 2,  // has the provider's response
  failed = 3,     // has an error, the provider's or ours
  cancelled = 4,  // by its owner
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
  uploading = 2,    // its file is on the way to the provider; resumable
  uploaded = 3,     // its file is there; nothing that costs money has been sent
  creating = 4,     // INTENT: the create call may have left at any moment since this was committed
  submitted = 5,    // the provider gave it a job name
  unclear = 6,      // whether a job exists is not known: listings decide
  fencing = 7,      // quarantine is over without a job: its file is being deleted, so that no late create can run
  fenced = 8,       // proven that no job can run: members move on to a child batch
  refused = 9,      // the provider said no before running anything: members move on, or fail
  unsealed = 10,    // given up before anything was created: members go back to the queue
  lost = 11,        // the job's name answers 404: grace period
  held = 12,        // a person must decide (batchctl attention)
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
    BatchArrow{BatchState::uploaded, BatchState::uploading},  // the file grew too old, or went
    BatchArrow{BatchState::uploaded, BatchState::unsealed},  BatchArrow{BatchState::creating, BatchState::submitted},
    BatchArrow{BatchState::creating, BatchState::uploaded},   // proven not created
    BatchArrow{BatchState::creating, BatchState::uploading},  // file gone: refused, and needs a fresh one
    BatchArrow{BatchState::creating, BatchState::refused},   BatchArrow{BatchState::creating, BatchState::unclear},
    BatchArrow{BatchState::unclear, BatchState::submitted},  BatchArrow{BatchState::unclear, BatchState::fencing},
    BatchArrow{BatchState::unclear, BatchState::held},       BatchArrow{BatchState::fencing, BatchState::fenced},
    BatchArrow{BatchState::fencing, BatchState::submitted},  BatchArrow{BatchState::fencing, BatchState::held},
    BatchArrow{BatchState::submitted, BatchState::ended},    BatchArrow{BatchState::submitted, BatchState::lost},
    BatchArrow{BatchState::lost, BatchState::submitted},     BatchArrow{BatchState::lost, BatchState::held},
    BatchArrow{BatchState::held, BatchState::submitted},  // an operator's word, all three
    BatchArrow{BatchState::held, BatchState::fencing},       BatchArrow{BatchState::held, BatchState::collecting},
    BatchArrow{BatchState::ended, BatchState::collecting},   BatchArrow{BatchState::collecting, BatchState::done},
    BatchArrow{BatchState::collecting, BatchState::refused},  // FAILED without lines: bisect
    BatchArrow{BatchState::collecting, BatchState::held},    BatchArrow{BatchState::refused, BatchState::done},
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

std::string_view to_text(RequestState state);  // the names above; part of the API
std::string_view to_text(BatchState state);
std::optional<RequestState> parse_request_state(std::string_view text);

namespace detail {
// Walks the arrows backwards from the terminal states until nothing new is reached.
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
