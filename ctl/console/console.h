// Data goes to standard output, talk to standard error. A progress line only to a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::ctl {

class Console {
 public:
  Console();
  void data(std::string_view line);  // adds the newline if it has none
  void talk(std::string_view line);  // "batchctl: " in front of each of its lines
  // Rows of cells: columns in line under `headings` on a terminal, else one tab between cells and no headings. An empty
  // cell is "-"; control characters become spaces.
  void table(std::vector<std::string> headings, std::vector<std::vector<std::string>> rows);

  enum class Unit { count, bytes };
  // One line that is written over and over; `done` of `total`. Any talk ends it, or finish_progress().
  void progress(std::string_view what, std::uint64_t done, std::uint64_t total, Unit unit = Unit::count);
  void finish_progress();

  bool flush();  // false: standard output couldn't be written
  bool keep();   // flushed, and on the disk if standard output is a file

 private:
  bool terminal_;       // standard error
  bool data_terminal_;  // standard output
  std::string shown_;   // the progress line
};

// For people: "12 KiB", "3.4 GiB".
std::string bytes_text(std::uint64_t bytes);
// Control characters become spaces: what others wrote must not steer a terminal.
std::string printable(std::string_view text);

}  // namespace batchd::ctl
