#include "ctl/console.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace batchd::ctl {

Console::Console() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void Console::data(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  if (!line.ends_with('\n')) std::fputc('\n', stdout);
}

void Console::talk(std::string_view text) {
  finish_progress();
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    std::fprintf(stderr, "batchctl: %.*s\n", static_cast<int>(line.size()), line.data());
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
}

void Console::progress(std::string_view what, std::int64_t done, std::int64_t total) {
  if (!terminal_ || total <= 0) return;
  constexpr int kWidth = 30;
  const auto filled = static_cast<int>(done * kWidth / total);
  std::string bar(static_cast<std::size_t>(filled), '#');
  bar.resize(kWidth, '.');
  std::fprintf(stderr, "\r%.*s [%s] %lld/%lld", static_cast<int>(what.size()), what.data(), bar.c_str(),
               static_cast<long long>(done), static_cast<long long>(total));
  std::fflush(stderr);
  in_progress_ = true;
}

void Console::finish_progress() {
  if (in_progress_) std::fputc('\n', stderr);
  in_progress_ = false;
}

bool Console::flush() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

}  // namespace batchd::ctl
