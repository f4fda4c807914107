// Finds the string values at given places of a JSON document: incremental, in memory bounded by the document's depth.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/json/pieces.h"

namespace batchd::json {

class ReferenceScan {
 public:
  static constexpr std::size_t kValueBytesMax = 2 << 10;
  using Found = std::function<void(std::string_view value)>;

  // A place is the names of the members on the way to it, joined by dots; arrays on the way have no name:
  // "contents.parts.text" is in {"contents":[{"parts":[{"text":"this"}]}]}. `found` is called with each string value,
  // unescaped, at one of these places. Longer values than kValueBytesMax are left out, and so are values that aren't
  // strings.
  ReferenceScan(std::vector<std::string> places, Found found);
  // Takes the document in fragments of any size.
  void feed(std::string_view fragment);

 private:
  // An object or array that is open.
  struct Frame {
    bool object = false;
    bool in_value = false;  // of an object: behind the colon
    std::string name;       // of an object: the member's
  };
  void take(const Piece& piece);
  void end_string();
  bool is_wanted() const;

  const std::vector<std::string> places_;
  const Found found_;
  PieceScan scan_;
  std::vector<Frame> frames_;
  std::string raw_;        // of the string that is being read, its quotes included
  bool too_long_ = false;  // it is longer than anything that is wanted
};

}  // namespace batchd::json
