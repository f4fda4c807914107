#include "core/state.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace batchd::core {
namespace {

// The tables of docs/architecture.md, once more: a change of an arrow must be made in both places.
TEST(States, RequestArrowsAreTheDesigns) {
  const std::pair<RequestState, std::set<RequestState>> table[] = {
      {RequestState::queued, {RequestState::packed, RequestState::cancelled, RequestState::expired}},
      {RequestState::packed,
       {RequestState::packed, RequestState::queued, RequestState::succeeded, RequestState::failed,
        RequestState::cancelled, RequestState::expired}},
      {RequestState::succeeded, {}},
      {RequestState::failed, {}},
      {RequestState::cancelled, {}},
      {RequestState::expired, {}}};
  for (const auto& [from, targets] : table)
    for (std::size_t i = 0; i < kRequestStates; ++i) {
      const auto to = static_cast<RequestState>(i);
      EXPECT_EQ(allowed(from, to), targets.contains(to)) << to_text(from) << " -> " << to_text(to);
    }
}

TEST(States, BatchArrowsAreTheDesigns) {
  using S = BatchState;
  const std::pair<S, std::set<S>> table[] = {
      {S::sealing, {S::sealed, S::unsealed}},
      {S::sealed, {S::uploading, S::unsealed}},
      {S::uploading, {S::uploaded, S::refused, S::unsealed}},
      {S::uploaded, {S::creating, S::uploading, S::unsealed}},
      {S::creating, {S::submitted, S::uploaded, S::uploading, S::refused, S::unclear}},
      {S::submitted, {S::ended, S::lost}},
      {S::unclear, {S::submitted, S::fencing, S::held}},
      {S::fencing, {S::fenced, S::submitted, S::held}},
      {S::fenced, {S::done}},
      {S::refused, {S::done, S::uploaded, S::uploading}},
      {S::unsealed, {S::done}},
      {S::lost, {S::submitted, S::held}},
      {S::held, {S::submitted, S::fencing, S::collecting}},
      {S::ended, {S::collecting}},
      {S::collecting, {S::done, S::refused, S::held}},
      {S::done, {}}};
  for (const auto& [from, targets] : table)
    for (std::size_t i = 0; i < kBatchStates; ++i) {
      const auto to = static_cast<S>(i);
      EXPECT_EQ(allowed(from, to), targets.contains(to)) << to_text(from) << " -> " << to_text(to);
    }
}

// Once money may have been spent, members only leave through an end of the batch that knows what became of it.
TEST(States, NothingIsUnsealedAfterTheIntent) {
  for (const auto from : {BatchState::creating, BatchState::unclear, BatchState::fencing, BatchState::submitted,
                          BatchState::lost, BatchState::held, BatchState::ended, BatchState::collecting})
    EXPECT_FALSE(allowed(from, BatchState::unsealed)) << to_text(from);
}

TEST(States, NamesAreDistinctAndReadBack) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kRequestStates; ++i) {
    const auto state = static_cast<RequestState>(i);
    EXPECT_EQ(parse_request_state(to_text(state)), state);
    names.insert(to_text(state));
  }
  EXPECT_EQ(names.size(), kRequestStates);
  names.clear();
  for (std::size_t i = 0; i < kBatchStates; ++i) names.insert(to_text(static_cast<BatchState>(i)));
  EXPECT_EQ(names.size(), kBatchStates);
  EXPECT_FALSE(names.contains("unknown"));
  for (const char* text : {"", "Queued", "unknown", "queued "}) EXPECT_EQ(parse_request_state(text), std::nullopt);
}

}  // namespace
}  // namespace batchd::core
