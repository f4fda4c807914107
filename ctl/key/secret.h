// A key on its way from a person or a file: kept in one place, and wiped there when it goes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace batchd::ctl {

class Secret {
 public:
  Secret();
  ~Secret();
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  std::string_view text() const { return {bytes_.data(), size_}; }

  // Up to the end of the file. Errc::too_large: more than any key has; Errc::invalid: it can't be read.
  core::Result<void> read_all(int fd);
  // One line from the terminal `fd`, after `prompt` on standard error; what is typed isn't shown. A signal that ends or
  // stops batchctl finds the terminal as it was before; in the background it is stopped, and asks when it is in front.
  // Errors as above.
  core::Result<void> ask(int fd, std::string_view prompt);

 private:
  core::Result<bool> read_more(int fd);  // false: the end
  core::Result<void> read_line(int fd, std::string_view prompt);

  std::vector<char> bytes_;  // never grows: a copy would stay behind
  std::size_t size_ = 0;
};

}  // namespace batchd::ctl
