// When to try again, as pure functions. Jitter is a parameter, so that tests are exact.
#pragma once

#include <optional>

#include "core/time.h"

namespace batchd::core {

struct Backoff {
  Duration first;
  Duration max;
};

// Returns the pause after `tries` earlier failures in a row: min(max, first * 2^tries).
Duration backoff_pause(const Backoff& backoff, int tries);

// Returns for how long a call is put off whose predecessor was answered with the wish to wait for `asked`: for as long,
// but never for more than kRetryAfterMax, so that a wrong answer can't stop the work.
Duration bounded_retry_after(Duration asked);
inline constexpr Duration kRetryAfterMax = std::chrono::hours(1);

// Returns the pause after an answer that may have asked for one: `pause`, or bounded_retry_after() if that is longer.
Duration pause_as_asked(Duration pause, std::optional<Duration> asked);

// Returns the pause after `listings` listings while it is unclear whether a job was made: 0, then first x 1, 3, 6, 12
// ..., up to max. With first = 5 s: 0, 5, 15, 30, 60 ... s.
Duration reconcile_pause(const Backoff& schedule, int listings);

struct PollSchedule {
  Duration first;
  Duration max;
};

// Returns the pause after look number `looks` (from 0) at a job that has been running for `running`: min(max, first *
// 1.5^looks), but at most 3 * first while `running` is 0.8 to 1.2 times the lane's usual turnaround. `jitter` in [-1,
// 1] changes the pause by up to 10 %.
Duration poll_pause(const PollSchedule& schedule, int looks, Duration running, std::optional<Duration> turnaround,
                    double jitter);

}  // namespace batchd::core
