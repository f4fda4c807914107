// Measures how many requests per second batchd makes durable and acknowledges, compared with SQLite alone on this disk
// in the same minute: raw transactions of as many rows as there are connections.
#include <cstdio>
#include <exception>

#include "tests/bench/daemon_process.h"
#include "tests/bench/disk_probe.h"
#include "tests/bench/load.h"
#include "tests/bench/options.h"
#include "tests/bench/raw_store.h"

namespace {

using namespace batchd::bench;

constexpr int kRepeatsMax = 3;  // of a pair that neighbours disturbed

struct Pair {
  double flush_ms = 0;
  LoadFigures acks;
  double cpu_us_per_ack = 0;
  RawFigures raw;
  bool quiet = true;
};

Pair measure_pair(const Options& options, DaemonProcess& daemon, int connections) {
  Pair pair;
  for (int tries = 0; tries < kRepeatsMax; ++tries) {
    pair.flush_ms = flush_median_ms(options.folder, options.seconds < 0.5 ? 0.05 : 0.5);
    pair.quiet = pair.flush_ms <= kQuietFlushMs;
    if (pair.quiet) break;
  }
  double cpu = 0;
  const auto begin = [&] { cpu = daemon.cpu_seconds(); };
  const auto end = [&] { cpu = daemon.cpu_seconds() - cpu; };
  pair.acks = run_load(daemon.socket(), connections, options.seconds, begin, end);
  pair.cpu_us_per_ack = cpu * 1e6 / (pair.acks.acks_per_second * options.seconds);
  pair.raw = measure_raw_store(options.folder, connections, options.seconds);
  return pair;
}

void measure(const Options& options, DaemonProcess& daemon, int connections) {
  std::printf("\n%d connection%s; raw SQLite commits groups of %d\n", connections, connections == 1 ? "" : "s",
              connections);
  std::printf("  flush ms     acks/s  p50 ms  p99 ms  cpu us |  raw rows/s  p50 ms  p99 ms  cpu us |  acks/raw\n");
  std::vector<double> acks, rows, ratios, p50s, p99s, cpus;
  for (int i = 0; i < options.pairs; ++i) {
    const auto pair = measure_pair(options, daemon, connections);
    ratios.push_back(pair.acks.acks_per_second / pair.raw.rows_per_second);
    acks.push_back(pair.acks.acks_per_second);
    rows.push_back(pair.raw.rows_per_second);
    p50s.push_back(pair.acks.p50_ms);
    p99s.push_back(pair.acks.p99_ms);
    cpus.push_back(pair.cpu_us_per_ack);
    std::printf("%10.2f %10.0f %7.2f %7.2f %7.1f | %11.0f %7.2f %7.2f %7.1f | %9.2f%s\n", pair.flush_ms,
                pair.acks.acks_per_second, pair.acks.p50_ms, pair.acks.p99_ms, pair.cpu_us_per_ack,
                pair.raw.rows_per_second, pair.raw.commit_p50_ms, pair.raw.commit_p99_ms, pair.raw.cpu_us_per_row,
                ratios.back(), pair.quiet ? "" : "  (disk not quiet)");
    std::fflush(stdout);
  }
  std::printf("  median (min-max): acks/s %s, p50 ms %s, p99 ms %s, cpu us/ack %s, raw rows/s %s, acks/raw %s\n",
              text_of(spread_of(acks), 0).c_str(), text_of(spread_of(p50s), 2).c_str(),
              text_of(spread_of(p99s), 2).c_str(), text_of(spread_of(cpus), 1).c_str(),
              text_of(spread_of(rows), 0).c_str(), text_of(spread_of(ratios), 2).c_str());
}

}  // namespace

int main(int argc, char** argv) try {
  const auto options = parse_options(argc, argv);
  describe_machine(options);
  for (const int connections : options.connections) {
    DaemonProcess daemon(options.batchd, options.folder);
    daemon.start();
    daemon.wait_until_ready();
    measure(options, daemon, connections);
  }
  std::printf("\nload afterwards: %s\n", load_average().c_str());
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_ack: %s\n", error.what());
  return 1;
}
