// Time in milliseconds. Nothing in core/ reads a clock: times are parameters.
#pragma once

#include <chrono>

namespace batchd::core {

using Duration = std::chrono::milliseconds;
using WallTime =
    std::chrono::time_point<std::chrono::system_clock, Duration>;  // stored, shown, compared with the provider's
using SteadyTime =
    std::chrono::time_point<std::chrono::steady_clock, Duration>;  // pauses and deadlines of this process

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual SteadyTime steady() const = 0;
};

}  // namespace batchd::core
