// The yardstick: rows of 1 KiB into SQLite from one thread of this process, nothing else: no HTTP, no checks, no second
// thread. One table and one index, 8 KiB pages, WAL, synchronous=FULL, `group` rows per commit.
#pragma once

#include <string>

namespace batchd::bench {

struct RawFigures {
  double rows_per_second = 0;
  double cpu_us_per_row = 0;
  double commit_p50_ms = 0, commit_p99_ms = 0;
};

// In a fresh database in `folder`, which is deleted afterwards.
RawFigures measure_raw_store(const std::string& folder, int group, double seconds);

}  // namespace batchd::bench
