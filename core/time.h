// Time in milliseconds. Nothing in core/ reads a clock: times are parameters.
#pragma once

#include <chrono>

namespace batchd::core {

using Duration = std::chrono::milliseconds;
// Stored, shown, and compared with the provider's times.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;
// Pauses and deadlines of this process.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual SteadyTime steady() const = 0;
};

}  // namespace batchd::core
