// Leaves large values out of a JSON document while it is read: incremental, in constant memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/json/pieces.h"

namespace batchd::json {

class Omit {
 public:
  // `member` in camelCase; its snake_case spelling is left out, too.
  explicit Omit(std::string_view member);
  // Appends to `kept` what is kept of the fragment: everything but the strings, objects and arrays that are the value
  // of a member of this name, at any depth. Each of these becomes `true`.
  void feed(std::string_view fragment, std::string& kept);
  bool inside() const { return place_ == Place::inside; }  // the last byte was one of a value that is left out

 private:
  enum class Place : std::uint8_t { outside, before_value, inside };
  bool take(const Piece& piece);
  void begin_value(const Piece& piece);

  PieceScan scan_;
  NameWatch names_;
  Place place_ = Place::outside;
  std::size_t depth_ = 0;  // of nesting in the value that is left out
};

}  // namespace batchd::json
