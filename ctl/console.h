// Data goes to standard output, talk to standard error. A progress line only to a terminal.
#pragma once

#include <cstdint>
#include <string_view>

namespace batchd::ctl {

class Console {
 public:
  Console();
  void data(std::string_view line);  // adds the newline if it has none
  void talk(std::string_view line);  // "batchctl: " in front of each of its lines
  // One line that is written over and over; `done` of `total`. finish_progress() ends it.
  void progress(std::string_view what, std::int64_t done, std::int64_t total);
  void finish_progress();
  bool flush();  // false: standard output couldn't be written

 private:
  bool terminal_;
  bool in_progress_ = false;
};

}  // namespace batchd::ctl
