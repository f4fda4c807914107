// Writes data to standard output and messages to standard error. A progress line is shown only on a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::ctl {

class Console {
 public:
  Console();
  void data(std::string_view line);  // adds a newline if there is none
  void talk(std::string_view line);  // puts "batchctl: " before each line
  // Prints rows of cells: aligned under `headings` on a terminal, else separated by tabs and without headings. An empty
  // cell is "-"; control characters become spaces.
  void table(std::vector<std::string> headings, std::vector<std::vector<std::string>> rows);

  enum class Unit { count, bytes };
  // Shows `done` of `total` on one line that is overwritten. talk() and finish_progress() end the line.
  void progress(std::string_view what, std::uint64_t done, std::uint64_t total, Unit unit = Unit::count);
  void finish_progress();

  bool flush();  // returns false if standard output couldn't be written
  bool keep();   // flushed, and on the disk if standard output is a file

 private:
  bool terminal_;       // standard error
  bool data_terminal_;  // standard output
  std::string shown_;   // the progress line
};

// Returns a size for people: "12 KiB", "3.4 GiB".
std::string bytes_text(std::uint64_t bytes);
// Replaces control characters, and what else may end a line, by spaces: text from others must not control a terminal.
std::string printable(std::string_view text);

}  // namespace batchd::ctl
