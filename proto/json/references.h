// Finds the values of members with given names, at any depth of a JSON document: incremental, in constant memory.
#pragma once

#include <cstddef>
#include <cstdint>
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

  // `found` is called with each string value, unescaped, of a member with one of these names. Longer values than
  // kValueBytesMax are left out, and so are values that aren't strings.
  ReferenceScan(std::vector<std::string> members, Found found);
  // Takes the document in fragments of any size. What comes after its end is taken for another document.
  void feed(std::string_view fragment);

 private:
  enum class Place : std::uint8_t { outside, before_value, in_value };
  void take(const Piece& piece);
  void take_value(const Piece& piece);

  PieceScan scan_;
  NameWatch names_;
  Found found_;
  Place place_ = Place::outside;
  std::string raw_;        // of the value, its quotes included
  bool too_long_ = false;  // the value is left out
};

}  // namespace batchd::json
