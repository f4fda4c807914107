#include "tests/bench/disk_probe.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "tests/bench/options.h"

namespace batchd::bench {

double flush_median_ms(const std::string& folder, double seconds) {
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  constexpr std::size_t kBlock = 4096;
  constexpr std::size_t kBlocks = 256;
  auto path = folder + "/flush-probe-XXXXXX";
  const int file = ::mkstemp(path.data());
  if (file < 0) throw std::runtime_error("can't write to " + folder);
  ::unlink(path.c_str());
  const std::array<char, kBlock> block{};
  for (std::size_t i = 0; i < kBlocks; ++i) (void)!::write(file, block.data(), block.size());
  ::fsync(file);
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  for (std::size_t i = 0; Clock::now() < end; ++i) {
    const auto start = Clock::now();
    const auto written = ::pwrite(file, block.data(), block.size(), static_cast<off_t>(i % kBlocks * kBlock));
    if (written < 0 || ::fdatasync(file) != 0) throw std::runtime_error("can't flush in " + folder);
    times.push_back(Milliseconds(Clock::now() - start).count());
  }
  ::close(file);
  return spread_of(std::move(times)).median;
}

}  // namespace batchd::bench
