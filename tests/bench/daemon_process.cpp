#include "tests/bench/daemon_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "tests/bench/load.h"

namespace batchd::bench {
namespace {

// Resident pages of a file.
long cached_bytes(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  struct stat info {};
  ::fstat(file, &info);
  const auto size = static_cast<std::size_t>(info.st_size);
  void* map = size == 0 ? MAP_FAILED : ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  if (map == MAP_FAILED) return 0;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> resident((size + page - 1) / page);
  long bytes = 0;
  if (::mincore(map, size, resident.data()) == 0)
    for (const auto flags : resident) bytes += (flags & 1) != 0 ? static_cast<long>(page) : 0;
  ::munmap(map, size);
  return bytes;
}

}  // namespace

DaemonProcess::DaemonProcess(std::string program, const std::string& parent_folder) : program_(std::move(program)) {
  auto pattern = parent_folder + "/batchd-bench-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("can't make a folder in " + parent_folder);
  folder_ = pattern;
  std::ofstream config(folder_ + "/batchd.toml");
  config << "[server]\nsocket = \"" << socket() << "\"\nallow_mapped_uids = true\n"
         << "[store]\npath = \"" << folder_ << "/batchd.db\"\n"
         << "[accounts.default]\nkind = \"gemini\"\nbase_url = \"http://127.0.0.1:9\"\n"
         << "[packing]\nmax_age = \"24h\"\nmax_items = 200000\n[log]\nlevel = \"error\"\n";
}

DaemonProcess::~DaemonProcess() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void DaemonProcess::start() {
  const auto config = folder_ + "/batchd.toml";
  const auto log = folder_ + "/log";
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("can't fork");
  if (pid_ > 0) return;
  const int out = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::unsetenv("CREDENTIALS_DIRECTORY");
  ::unsetenv("BATCHD_GEMINI_API_KEY");
  ::execl(program_.c_str(), program_.c_str(), "--config", config.c_str(), nullptr);
  ::_exit(127);
}

void DaemonProcess::wait_until_ready() {
  for (int tries = 0; tries < 10'000; ++tries) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      std::stringstream words;
      words << std::ifstream(folder_ + "/log").rdbuf();
      throw std::runtime_error(program_ + " didn't start: " + words.str());
    }
    try {
      get(socket(), "/healthz");
      return;
    } catch (const std::exception&) {
      ::usleep(1000);
    }
  }
  throw std::runtime_error(program_ + " isn't ready after 10 s");
}

void DaemonProcess::end_with(int signal) {
  if (pid_ < 0) return;
  ::kill(pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void DaemonProcess::stop() { end_with(SIGTERM); }
void DaemonProcess::kill() { end_with(SIGKILL); }

double DaemonProcess::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::istringstream words(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) words >> skipped;  // state ... cmajflt
  double user = 0, system = 0;
  words >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Memory DaemonProcess::memory() const {
  Memory memory;
  std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(file, line);) {
    const auto take = [&line](std::string_view name, long& bytes) {
      if (line.starts_with(name)) bytes = std::strtol(line.c_str() + name.size(), nullptr, 10) * 1024;
    };
    take("VmRSS:", memory.rss);
    take("VmHWM:", memory.peak);
    take("RssAnon:", memory.anonymous);
  }
  memory.page_cache = cached_bytes(folder_ + "/batchd.db") + cached_bytes(folder_ + "/batchd.db-wal");
  return memory;
}

long DaemonProcess::log_bytes() const {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(folder_ + "/batchd.db-wal", missing);
  return missing ? 0 : static_cast<long>(bytes);
}

}  // namespace batchd::bench
