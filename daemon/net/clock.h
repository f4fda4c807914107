// The only place that reads clocks.
#pragma once

#include "core/time.h"

namespace batchd::daemon {

class SystemClock final : public core::Clock {
 public:
  core::WallTime wall() const override {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now());
  }
  core::SteadyTime steady() const override {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
  }
};

}  // namespace batchd::daemon
