// Waiting for events, always under a deadline, so that a broken program fails a test and never hangs it. The deadline
// is generous: it ends a test, and measures nothing.
#pragma once

#include <chrono>
#include <functional>

namespace batchd::harness {

using Milliseconds = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

inline constexpr Milliseconds kPatience = std::chrono::seconds(60);

void breathe(Milliseconds pause = Milliseconds(10));  // sleeps

// Calls `happened` again and again until it returns true; returns false if it doesn't within `patience`.
bool eventually(const std::function<bool()>& happened, Milliseconds patience = kPatience);

}  // namespace batchd::harness
