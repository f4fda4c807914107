// Measures how fast the disk flushes right now. A rate of durable acknowledgements means little without it.
#pragma once

#include <string>

namespace batchd::bench {

inline constexpr double kQuietFlushMs = 0.5;  // above: neighbours are at work, and what is measured is them

// Median of overwriting and fdatasync()ing 4 KiB for `seconds`, in milliseconds. Leaves nothing behind in `folder`.
double flush_median_ms(const std::string& folder, double seconds = 0.5);

}  // namespace batchd::bench
