// Splits lines on byte '\n' only: U+2028 and the like occur raw in model text.
#pragma once

#include <cstdint>
#include <string_view>

namespace batchd::json {

// Calls on_fragment(fragment) for the bytes of a line (never the '\n') and on_line() after each complete line. Copies
// nothing: fragments are views of the bytes that were fed.
class LineSplitter {
 public:
  template <class OnFragment, class OnLine>
  void feed(std::string_view bytes, OnFragment&& on_fragment, OnLine&& on_line) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto fragment = bytes.substr(0, end);
      if (!fragment.empty()) on_fragment(fragment);
      open_ = end == std::string_view::npos;
      if (open_) return;
      on_line();
      bytes.remove_prefix(end + 1);
    }
  }
  bool at_line_start() const { return !open_; }  // false if bytes of an unfinished line have been seen

 private:
  bool open_ = false;
};

}  // namespace batchd::json
