// Turns an array inside a JSON document into lines while the document is read: incremental, in constant memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/json/pieces.h"

namespace batchd::json {

class Elements {
 public:
  // `member` in camelCase; its snake_case spelling counts, too.
  explicit Elements(std::string_view member);
  // Appends to `lines` what the fragment holds of the elements of the array that is the value of a member of this name,
  // at any depth: each element is one line, without white space between its tokens, and ends with '\n' once it is
  // complete. Of several such arrays the first that isn't empty counts: a document may show the same array twice.
  void feed(std::string_view fragment, std::string& lines);

 private:
  enum class Place : std::uint8_t { outside, before_value, between, inside, over };
  void take(const Piece& piece, std::string& lines);
  void take_between(const Piece& piece, std::string& lines);
  void take_inside(const Piece& piece, std::string& lines);
  void write(const Piece& piece, std::string& lines);
  void write_rest(std::string_view bytes, std::string& lines);
  void end_element(std::string& lines);

  PieceScan scan_;
  NameWatch names_;
  Place place_ = Place::outside;
  std::size_t depth_ = 0;  // of nesting in the element
  bool any_ = false;       // the array has an element
  bool scalar_ = false;    // the last byte written belongs to a number or a literal
  bool gap_ = false;       // white space has come after it
};

}  // namespace batchd::json
