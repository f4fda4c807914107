// How an id encodes its time: 41 bits of milliseconds since kIdEpochMs, 10 of node, 12 of sequence.
#pragma once

#include "core/ids.h"

namespace batchd::core {

inline constexpr std::int64_t kIdEpochMs = 1'735'689'600'000;  // 2025-01-01T00:00:00Z
inline constexpr int kIdSequenceBits = 12;
inline constexpr int kIdNodeBits = 10;
inline constexpr int kIdTimeShift = kIdSequenceBits + kIdNodeBits;

// Returns when the id was made. The time is later than the clock's was if the clock had been set back before.
template <class Tag>
constexpr WallTime made_at(Id<Tag> id) {
  return WallTime(Duration(kIdEpochMs + (id.value() >> kIdTimeShift)));
}

}  // namespace batchd::core
