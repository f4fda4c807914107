// Measures what a long queue costs: memory, the rate of acknowledgements compared with an empty daemon, and the time
// until a restarted daemon acknowledges again, after a clean stop and after kill -9 under load.
#include <chrono>
#include <cstdio>
#include <exception>

#include "tests/bench/daemon_process.h"
#include "tests/bench/disk_probe.h"
#include "tests/bench/load.h"
#include "tests/bench/options.h"

namespace {

using namespace batchd::bench;

constexpr int kConnections = 64;
constexpr double kMiB = 1 << 20;

void print_memory(const char* when, const Memory& memory) {
  std::printf("  %-34s RSS %6.1f  peak %6.1f  anonymous %6.1f | page cache of its files %7.1f\n", when,
              static_cast<double>(memory.rss) / kMiB, static_cast<double>(memory.peak) / kMiB,
              static_cast<double>(memory.anonymous) / kMiB, static_cast<double>(memory.page_cache) / kMiB);
  std::fflush(stdout);
}

long queued(const DaemonProcess& daemon) {
  constexpr std::string_view kName = "\"queued\":";
  const auto status = get(daemon.socket(), "/v1/status");
  const auto at = status.find(kName);
  return at == std::string::npos ? -1 : std::stol(status.substr(at + kName.size()));
}

void measure_memory(const Options& options, DaemonProcess& daemon) {
  std::printf("\nmemory, MiB\n");
  print_memory("just started", daemon.memory());
  for (const int tenths : {1, 5, 10}) {
    const auto wanted = static_cast<long>(options.backlog) * tenths / 10;
    send_requests(daemon.socket(), static_cast<int>(wanted - queued(daemon)));
    print_memory((std::to_string(wanted) + " queued").c_str(), daemon.memory());
  }
}

// A fresh daemon for every pair: "empty" shall stay nearly so.
void measure_rate(const Options& options, DaemonProcess& full) {
  std::printf("\nacks/s at %d connections: with the backlog, and a fresh daemon\n", kConnections);
  std::vector<double> ratios;
  for (int i = 0; i < options.pairs; ++i) {
    const auto flush_ms = flush_median_ms(options.folder, options.seconds < 0.5 ? 0.05 : 0.5);
    const auto backlog = queued(full);
    const auto with_backlog = run_load(full.socket(), kConnections, options.seconds);
    DaemonProcess fresh(options.batchd, options.folder);
    fresh.start();
    fresh.wait_until_ready();
    const auto empty = run_load(fresh.socket(), kConnections, options.seconds);
    ratios.push_back(with_backlog.acks_per_second / empty.acks_per_second);
    std::printf("  flush %.2f ms: %7.0f with %8ld queued (p99 %6.2f ms), %7.0f fresh (p99 %6.2f ms): %.2f%s\n",
                flush_ms, with_backlog.acks_per_second, backlog, with_backlog.p99_ms, empty.acks_per_second,
                empty.p99_ms, ratios.back(), flush_ms <= kQuietFlushMs ? "" : "  (disk not quiet)");
    std::fflush(stdout);
  }
  std::printf("  median (min-max) of the ratio: %s\n", text_of(spread_of(ratios), 2).c_str());
}

double first_ack_ms(DaemonProcess& daemon) {
  daemon.start();
  return seconds_to_first_ack(daemon.socket()) * 1000;
}

// Also counts: whatever was acknowledged before a kill must be queued afterwards. Anything else is no benchmark.
void measure_restart(const Options& options, DaemonProcess& daemon) {
  std::vector<double> fresh, clean, killed;
  long log_bytes = 0;
  for (int i = 0; i < options.pairs; ++i) {
    {
      DaemonProcess empty(options.batchd, options.folder);
      fresh.push_back(first_ack_ms(empty));
    }
    daemon.stop();
    clean.push_back(first_ack_ms(daemon));
    auto known = queued(daemon);
    const auto kill = [&daemon] { daemon.kill(); };
    known += run_load(daemon.socket(), kConnections, options.seconds / 3, {}, kill).acks;
    log_bytes = std::max(log_bytes, daemon.log_bytes());
    killed.push_back(first_ack_ms(daemon));
    if (const auto kept = queued(daemon); kept < known)
      throw std::runtime_error("acknowledged requests were lost: " + std::to_string(known - kept));
  }
  std::printf("\nms from fork to the first acknowledgement, with %ld queued at the end\n", queued(daemon));
  std::printf("  empty database                     %s\n", text_of(spread_of(fresh), 1).c_str());
  std::printf("  after SIGTERM                      %s\n", text_of(spread_of(clean), 1).c_str());
  std::printf("  after kill -9 under load           %s, log up to %.1f MiB; nothing acknowledged was lost\n",
              text_of(spread_of(killed), 1).c_str(), static_cast<double>(log_bytes) / kMiB);
  print_memory("restarted", daemon.memory());
}

}  // namespace

int main(int argc, char** argv) try {
  const auto options = parse_options(argc, argv);
  describe_machine(options);
  DaemonProcess daemon(options.batchd, options.folder);
  daemon.start();
  daemon.wait_until_ready();
  measure_memory(options, daemon);
  measure_rate(options, daemon);
  measure_restart(options, daemon);
  std::printf("\nload afterwards: %s\n", load_average().c_str());
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_backlog: %s\n", error.what());
  return 1;
}
