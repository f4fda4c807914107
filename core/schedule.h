// When to try again, as pure functions. Jitter is handed in, so that tests are exact.
#pragma once

#include <optional>

#include "core/time.h"

namespace batchd::core {

struct Backoff {
  Duration first;
  Duration max;
};

// min(max, first * 2^tries): the pause after `tries` earlier failures in a row.
Duration backoff_pause(const Backoff& backoff, int tries);

// Pause between two listings while it is unclear whether a job was made: 0, first, 3, 6, 12 ... x first, up to max.
// With first = 5 s: 0, 5, 15, 30, 60 ... s.
Duration reconcile_pause(const Backoff& schedule, int listings);

struct PollSchedule {
  Duration first;
  Duration max;
};

// Pause after the n-th look (n from 0) at a job that has been running for `running`: min(max, first * 1.5^n), and every
// 3 * first while it is between 0.8 and 1.2 times its lane's usual turnaround. `jitter` in [-1, 1] moves it by 10 %.
Duration poll_pause(const PollSchedule& schedule, int looks, Duration running, std::optional<Duration> turnaround,
                    double jitter);

}  // namespace batchd::core
