#include "ctl/console/console.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace batchd::ctl {
namespace {

// Counts the characters that a terminal shows: the bytes that begin a UTF-8 character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

Console::Console() : terminal_(::isatty(STDERR_FILENO) == 1), data_terminal_(::isatty(STDOUT_FILENO) == 1) {}

void Console::data(std::string_view line) {
  if (data_terminal_) finish_progress();
  std::fwrite(line.data(), 1, line.size(), stdout);
  if (!line.ends_with('\n')) std::fputc('\n', stdout);
}

void Console::talk(std::string_view text) {
  finish_progress();
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    std::fprintf(stderr, "batchctl: %s\n", printable(line).c_str());
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
}

void Console::table(std::vector<std::string> headings, std::vector<std::vector<std::string>> rows) {
  for (auto& row : rows)
    for (auto& cell : row) cell = cell.empty() ? "-" : printable(cell);
  if (data_terminal_ && !headings.empty() && !rows.empty()) rows.insert(rows.begin(), std::move(headings));
  std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 == row.size()) break;
      line += data_terminal_ ? std::string(widths[i] - width_of(row[i]) + 2, ' ') : "\t";
    }
    data(line);
  }
}

void Console::progress(std::string_view what, std::uint64_t done, std::uint64_t total, Unit unit) {
  if (!terminal_ || total == 0) return;
  constexpr int kWidth = 30;
  done = std::min(done, total);
  std::string bar(static_cast<std::size_t>(static_cast<double>(done) / static_cast<double>(total) * kWidth), '#');
  bar.resize(kWidth, '.');
  const auto text = [unit](std::uint64_t n) { return unit == Unit::bytes ? bytes_text(n) : std::to_string(n); };
  const std::string line = std::string(what) + " [" + bar + "] " + text(done) + " of " + text(total);
  if (line == shown_) return;
  const std::size_t rest = shown_.size() > line.size() ? shown_.size() - line.size() : 0;
  std::fprintf(stderr, "\r%s%s", line.c_str(), std::string(rest, ' ').c_str());
  std::fflush(stderr);
  shown_ = line;
}

void Console::finish_progress() {
  if (!shown_.empty()) std::fputc('\n', stderr);
  shown_.clear();
}

bool Console::flush() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

bool Console::keep() {
  if (!flush()) return false;
  struct stat facts {};
  if (::fstat(STDOUT_FILENO, &facts) != 0) return false;
  if (!S_ISREG(facts.st_mode) && !S_ISBLK(facts.st_mode)) return true;  // pipes and terminals have nothing to keep
  // Nor have files of file systems that say so.
  return ::fdatasync(STDOUT_FILENO) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) value /= 1024, ++unit;
  char text[32];
  std::snprintf(text, sizeof text, unit < 3 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string printable(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    // U+0080 to U+009F are control characters as well.
    const bool second = i > 0 && out[i - 1] == '\xc2' && byte >= 0x80 && byte < 0xa0;
    if (second) out[i - 1] = ' ';
    if (second || byte < ' ' || byte == 0x7f) out[i] = ' ';
    // U+2028 and U+2029 end a line for some readers.
    const bool third = i > 1 && out[i - 2] == '\xe2' && out[i - 1] == '\x80' && (byte == 0xa8 || byte == 0xa9);
    if (third) out.replace(i - 2, 3, "   ");
  }
  return out;
}

}  // namespace batchd::ctl
