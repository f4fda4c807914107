// Shared by the benchmarks: options, statistics over several rounds, and the load of the machine meanwhile.
#pragma once

#include <string>
#include <vector>

namespace batchd::bench {

struct Options {
  std::string batchd;  // --batchd: the program; default: beside the benchmark
  std::string folder;  // --folder: where databases go, on a real disk; default: the temporary folder
  std::vector<int> connections{1, 64, 256};  // --connections 1,64,256
  int pairs = 5;                             // --pairs
  double seconds = 3;                        // --seconds: of each measurement
  int backlog = 200'000;                     // --backlog: queued requests
  bool realtime = true;                      // --no-realtime: don't ask for SCHED_RR
};

// Ends the process with a usage message if it can't read them. --smoke makes everything tiny.
Options parse_options(int argc, char** argv);

struct Spread {
  double median = 0, min = 0, max = 0;
};
Spread spread_of(std::vector<double> figures);
std::string text_of(const Spread& spread, int decimals);

// Prints processors, kernel, load and file system, and moves this process and its children to SCHED_RR if it may, so
// that neighbours don't delay every wake-up by a tick.
void describe_machine(const Options& options);

// The first three figures of /proc/loadavg.
std::string load_average();

}  // namespace batchd::bench
