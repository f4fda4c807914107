// The JSON grammar (RFC 8259) as a machine that takes one byte at a time: constant memory, no recursion, no numbers
// converted. It stops at the first byte that can't continue a JSON value, whatever the fragmentation of the input.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proto/json/validator.h"

namespace batchd::json {

class Grammar {
 public:
  static constexpr std::size_t kDepthMax = 1024;  // larger limits are cut to this

  explicit Grammar(const ValidatorLimits& limits);
  // Takes bytes until the end or the first one that the grammar doesn't allow. Returns how many it has taken.
  std::size_t take(std::string_view bytes);
  // Returns true if one whole value has been taken. (A number at the top level has no end of its own.)
  bool complete() const;
  std::string_view fault() const { return fault_; }  // what is wrong with the byte at which take() stopped

 private:
  enum class State : std::uint8_t {
    value,          // a value must come
    first_element,  // a value or ']'
    first_key,      // a key or '}'
    next_key,
    colon,
    after_value,  // ',' or the closing bracket; at the top level white space only
    string,
    sequence,  // in a string: further bytes of a UTF-8 character
    escape,
    hex,
    low_backslash,  // after a high surrogate: a low surrogate must follow
    low_u,
    literal,
    minus,
    zero,
    integer,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
  };

  bool step(char c);
  bool fail(std::string_view why);
  bool begin_value(char c);
  bool begin_literal(std::string_view rest);
  bool begin_string(bool key);
  bool begin_number(char c);
  bool open(bool object);
  bool close(char c);
  bool after_value(char c);
  bool structure(char c, char wanted, State next, std::string_view why);
  bool in_string(char c);
  bool begin_sequence(unsigned char lead);
  bool in_sequence(unsigned char byte);
  bool in_escape(char c);
  bool in_hex(char c);
  bool in_literal(char c);
  bool in_number(char c);
  bool number_byte(char c, State next);
  void end_value();

  const std::size_t depth_max_;
  const std::size_t number_bytes_max_;
  const std::size_t exponent_bytes_max_;
  State state_ = State::value;
  std::size_t depth_ = 0;
  std::bitset<kDepthMax> objects_;  // per level: whether it is an object, not an array
  std::string_view fault_;

  bool is_key_ = false;       // the current string is a member's name
  std::string_view literal_;  // what must still come of the current literal
  unsigned hex_digits_ = 0;
  unsigned code_unit_ = 0;
  bool low_ = false;                // the current hex digits are those of a low surrogate
  unsigned sequence_left_ = 0;      // bytes of a UTF-8 character still to come
  unsigned char sequence_min_ = 0;  // bounds of the next of these bytes
  unsigned char sequence_max_ = 0;
  std::size_t number_bytes_ = 0;
  std::size_t exponent_bytes_ = 0;
};

}  // namespace batchd::json
