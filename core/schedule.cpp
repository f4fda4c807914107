#include "core/schedule.h"

#include <algorithm>
#include <cmath>

namespace batchd::core {
namespace {

// first * factor, without leaving the range of Duration: everything is capped at `max` anyway.
Duration stretched(Duration first, double factor, Duration max) {
  const double pause = static_cast<double>(first.count()) * factor;
  return pause >= static_cast<double>(max.count()) ? max : Duration(static_cast<Duration::rep>(pause));
}

}  // namespace

Duration backoff_pause(const Backoff& backoff, int tries) {
  return stretched(backoff.first, std::exp2(std::clamp(tries, 0, 60)), backoff.max);
}

Duration bounded_retry_after(Duration asked) { return std::clamp(asked, Duration::zero(), kRetryAfterMax); }

Duration pause_as_asked(Duration pause, std::optional<Duration> asked) {
  return asked ? std::max(pause, bounded_retry_after(*asked)) : pause;
}

Duration reconcile_pause(const Backoff& schedule, int listings) {
  if (listings <= 0) return Duration::zero();
  if (listings == 1) return std::min(schedule.first, schedule.max);
  return stretched(schedule.first, 3 * std::exp2(std::clamp(listings - 2, 0, 60)), schedule.max);
}

Duration poll_pause(const PollSchedule& schedule, int looks, Duration running, std::optional<Duration> turnaround,
                    double jitter) {
  Duration pause = stretched(schedule.first, std::pow(1.5, std::clamp(looks, 0, 100)), schedule.max);
  if (turnaround && running >= *turnaround * 4 / 5 && running <= *turnaround * 6 / 5)
    pause = std::min(pause, schedule.first * 3);
  return stretched(pause, 1 + 0.1 * std::clamp(jitter, -1.0, 1.0), Duration::max());
}

}  // namespace batchd::core
