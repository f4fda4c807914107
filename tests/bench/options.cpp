#include "tests/bench/options.h"

#include <sched.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sysexits.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace batchd::bench {
namespace {

[[noreturn]] void usage(const char* program) {
  std::fprintf(stderr,
               "usage: %s [--batchd PATH] [--folder PATH] [--connections 1,64,256] [--pairs N] [--seconds S]"
               " [--backlog N] [--no-realtime] [--smoke]\n",
               program);
  std::exit(EX_USAGE);
}

std::vector<int> numbers_of(const std::string& text) {
  std::vector<int> numbers;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) numbers.push_back(std::atoi(word.c_str()));
  return numbers;
}

bool use_realtime() {
  sched_param priority{};
  priority.sched_priority = 1;
  return ::sched_setscheduler(0, SCHED_RR, &priority) == 0;
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

bool on_memory(const std::string& folder) {
  constexpr long kTmpfs = 0x01021994;
  struct statfs info {};
  return ::statfs(folder.c_str(), &info) == 0 && info.f_type == kTmpfs;
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  options.batchd = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "batchd").string();
  options.folder = std::filesystem::temp_directory_path().string();
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--smoke") {
      options.connections = {1, 16};
      options.pairs = 1;
      options.seconds = 0.1;
      options.backlog = 500;
      options.realtime = false;
      continue;
    }
    if (name == "--no-realtime") {
      options.realtime = false;
      continue;
    }
    if (i + 1 == argc) usage(argv[0]);
    const std::string value = argv[++i];
    if (name == "--batchd")
      options.batchd = value;
    else if (name == "--folder")
      options.folder = value;
    else if (name == "--connections")
      options.connections = numbers_of(value);
    else if (name == "--pairs")
      options.pairs = std::atoi(value.c_str());
    else if (name == "--seconds")
      options.seconds = std::atof(value.c_str());
    else if (name == "--backlog")
      options.backlog = std::atoi(value.c_str());
    else
      usage(argv[0]);
  }
  const bool sound = options.pairs > 0 && options.seconds > 0 && options.backlog > 0 &&
                     std::ranges::all_of(options.connections, [](int n) { return n > 0 && n <= 1024; });
  if (!sound) usage(argv[0]);
  return options;
}

Spread spread_of(std::vector<double> figures) {
  if (figures.empty()) return {};
  std::ranges::sort(figures);
  const auto half = figures.size() / 2;
  const auto median = figures.size() % 2 == 1 ? figures[half] : (figures[half - 1] + figures[half]) / 2;
  return {median, figures.front(), figures.back()};
}

std::string text_of(const Spread& spread, int decimals) {
  char text[96];
  std::snprintf(text, sizeof text, "%.*f (%.*f-%.*f)", decimals, spread.median, decimals, spread.min, decimals,
                spread.max);
  return text;
}

std::string load_average() {
  std::ifstream file("/proc/loadavg");
  std::string one, five, fifteen;
  file >> one >> five >> fifteen;
  return one + " " + five + " " + fifteen;
}

void describe_machine(const Options& options) {
  utsname kernel{};
  ::uname(&kernel);
  std::printf("machine: %u x %s, Linux %s, load %s\n", std::thread::hardware_concurrency(), processor().c_str(),
              kernel.release, load_average().c_str());
  if (on_memory(options.folder))
    std::printf("WARNING: %s is in memory; figures of a durable store mean nothing there (--folder)\n",
                options.folder.c_str());
  if (options.realtime && !use_realtime()) std::printf("note: no SCHED_RR (not root): neighbours will show\n");
  std::fflush(stdout);
}

}  // namespace batchd::bench
