// Waiting for events: always under a deadline, so that a broken program fails a test and never hangs it. The deadline
// is generous: it is there to end a test, not to measure.
#pragma once

#include <chrono>
#include <functional>

namespace batchd::harness {

using Milliseconds = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

inline constexpr Milliseconds kPatience = std::chrono::seconds(60);

void breathe(Milliseconds pause = Milliseconds(10));

// Looks again and again until `happened` says true. False: it didn't within `patience`.
bool eventually(const std::function<bool()>& happened, Milliseconds patience = kPatience);

}  // namespace batchd::harness
