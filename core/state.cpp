#include "core/state.h"

namespace batchd::core {

std::string_view to_text(RequestState state) {
  switch (state) {
    case RequestState::queued:
      return "queued";
    case RequestState::packed:
      return "packed";
    case RequestState::succeeded:
      return "succeeded";
    case RequestState::failed:
      return "failed";
    case RequestState::cancelled:
      return "cancelled";
    case RequestState::expired:
      return "expired";
  }
  return "unknown";
}

std::string_view to_text(BatchState state) {
  switch (state) {
    case BatchState::sealing:
      return "sealing";
    case BatchState::sealed:
      return "sealed";
    case BatchState::uploading:
      return "uploading";
    case BatchState::uploaded:
      return "uploaded";
    case BatchState::creating:
      return "creating";
    case BatchState::submitted:
      return "submitted";
    case BatchState::unclear:
      return "unclear";
    case BatchState::fencing:
      return "fencing";
    case BatchState::fenced:
      return "fenced";
    case BatchState::refused:
      return "refused";
    case BatchState::unsealed:
      return "unsealed";
    case BatchState::lost:
      return "lost";
    case BatchState::held:
      return "held";
    case BatchState::ended:
      return "ended";
    case BatchState::collecting:
      return "collecting";
    case BatchState::done:
      return "done";
  }
  return "unknown";
}

std::optional<RequestState> parse_request_state(std::string_view text) {
  for (std::size_t i = 0; i < kRequestStates; ++i)
    if (const auto state = static_cast<RequestState>(i); to_text(state) == text) return state;
  return std::nullopt;
}

}  // namespace batchd::core
