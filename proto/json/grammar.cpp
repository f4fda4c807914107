#include "proto/json/grammar.h"

#include <algorithm>

#include "proto/json/scan.h"
#include "proto/json/utf8.h"

namespace batchd::json {
namespace {

constexpr std::size_t kNumberBytesMax = 64;  // of plain numbers
constexpr std::size_t kExponentDigitsMax = 4;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Grammar::Grammar(const ValidatorLimits& limits)
    : depth_max_(std::min(limits.depth_max, kDepthMax)),
      number_bytes_max_(limits.plain_numbers ? kNumberBytesMax : limits.number_bytes_max),
      exponent_bytes_max_(limits.plain_numbers ? kExponentDigitsMax : limits.number_bytes_max) {}

std::size_t Grammar::take(std::string_view bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    if (state_ == State::string) {
      i += plain_run(bytes.substr(i));
      while (i < bytes.size() && is_plain(bytes[i])) ++i;
      if (i == bytes.size()) break;
    }
    if (!step(bytes[i])) break;
    ++i;
  }
  return i;
}

bool Grammar::complete() const {
  if (depth_ > 0) return false;
  return state_ == State::after_value || state_ == State::zero || state_ == State::integer ||
         state_ == State::fraction || state_ == State::exponent_digits;
}

bool Grammar::fail(std::string_view why) {
  fault_ = why;
  return false;
}

bool Grammar::step(char c) {
  switch (state_) {
    case State::value:
      return is_space(c) || begin_value(c);
    case State::first_element:
      return is_space(c) || (c == ']' ? close(c) : begin_value(c));
    case State::first_key:
      if (c == '}') return close(c);
      return structure(c, '"', State::string, "a member's name or the end of the object is expected");
    case State::next_key:
      return structure(c, '"', State::string, "a member's name is expected");
    case State::colon:
      return structure(c, ':', State::value, "a colon is expected");
    case State::after_value:
      return is_space(c) || after_value(c);
    case State::string:
      return in_string(c);
    case State::sequence:
      return in_sequence(static_cast<unsigned char>(c));
    case State::escape:
      return in_escape(c);
    case State::hex:
      return in_hex(c);
    case State::low_backslash:
    case State::low_u:
      if (c != (state_ == State::low_backslash ? '\\' : 'u')) return fail("half of a surrogate pair is missing");
      state_ = state_ == State::low_backslash ? State::low_u : State::hex;
      return true;
    case State::literal:
      return in_literal(c);
    case State::minus:
    case State::zero:
    case State::integer:
    case State::point:
    case State::fraction:
    case State::exponent:
    case State::exponent_sign:
    case State::exponent_digits:
      return in_number(c);
  }
  return fail("impossible");
}

bool Grammar::structure(char c, char wanted, State next, std::string_view why) {
  if (is_space(c)) return true;
  if (c != wanted) return fail(why);
  if (next == State::string) return begin_string(true);
  state_ = next;
  return true;
}

bool Grammar::begin_value(char c) {
  switch (c) {
    case '{':
    case '[':
      return open(c == '{');
    case '"':
      return begin_string(false);
    case 't':
      return begin_literal("rue");
    case 'f':
      return begin_literal("alse");
    case 'n':
      return begin_literal("ull");
  }
  if (c != '-' && !is_digit(c)) return fail("a value is expected");
  return begin_number(c);
}

bool Grammar::open(bool object) {
  if (depth_ == depth_max_) return fail("nested too deeply");
  objects_.set(depth_++, object);
  state_ = object ? State::first_key : State::first_element;
  return true;
}

bool Grammar::close(char c) {
  if (depth_ == 0) return fail("something follows the value");
  if (objects_.test(depth_ - 1) != (c == '}')) return fail("this bracket doesn't close that one");
  --depth_;
  end_value();
  return true;
}

bool Grammar::after_value(char c) {
  if (c == '}' || c == ']') return close(c);
  if (depth_ == 0) return fail("something follows the value");
  if (c != ',') return fail("a comma or a closing bracket is expected");
  state_ = objects_.test(depth_ - 1) ? State::next_key : State::value;
  return true;
}

void Grammar::end_value() { state_ = State::after_value; }

// --- literals and numbers --------------------------------------------------------------------------------------------

bool Grammar::begin_literal(std::string_view rest) {
  literal_ = rest;
  state_ = State::literal;
  return true;
}

bool Grammar::in_literal(char c) {
  if (c != literal_[0]) return fail("a value is expected");
  literal_.remove_prefix(1);
  if (literal_.empty()) end_value();
  return true;
}

bool Grammar::begin_number(char c) {
  number_bytes_ = 0;
  exponent_bytes_ = 0;
  return number_byte(c, c == '-' ? State::minus : c == '0' ? State::zero : State::integer);
}

bool Grammar::number_byte(char c, State next) {
  ++number_bytes_;
  if (next == State::exponent_digits && is_digit(c)) ++exponent_bytes_;
  if (number_bytes_ > number_bytes_max_ || exponent_bytes_ > exponent_bytes_max_) return fail("a number is too long");
  state_ = next;
  return true;
}

bool Grammar::in_number(char c) {
  const bool digit = is_digit(c);
  const bool whole = state_ == State::zero || state_ == State::integer;
  if (digit) {
    if (state_ == State::zero) return fail("a number starts with 0");
    if (state_ == State::minus) return number_byte(c, c == '0' ? State::zero : State::integer);
    if (state_ == State::integer) return number_byte(c, State::integer);
    if (state_ == State::point || state_ == State::fraction) return number_byte(c, State::fraction);
    return number_byte(c, State::exponent_digits);
  }
  if (whole && c == '.') return number_byte(c, State::point);
  if ((whole || state_ == State::fraction) && (c == 'e' || c == 'E')) return number_byte(c, State::exponent);
  if (state_ == State::exponent && (c == '+' || c == '-')) return number_byte(c, State::exponent_sign);
  if (!whole && state_ != State::fraction && state_ != State::exponent_digits) return fail("a digit is expected");
  end_value();
  return is_space(c) || after_value(c);
}

// --- strings ---------------------------------------------------------------------------------------------------------

bool Grammar::begin_string(bool key) {
  is_key_ = key;
  state_ = State::string;
  return true;
}

bool Grammar::in_string(char c) {
  if (c == '"' || c == '\\') {
    state_ = c == '\\' ? State::escape : is_key_ ? State::colon : State::after_value;
    return true;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20) return fail("a control character in a string");
  return byte < 0x80 || begin_sequence(byte);
}

bool Grammar::begin_sequence(unsigned char lead) {
  const auto shape = utf8_lead(lead);
  if (shape.length == 0) return fail("not UTF-8");
  sequence_left_ = static_cast<unsigned>(shape.length - 1);
  sequence_min_ = shape.second_min;
  sequence_max_ = shape.second_max;
  state_ = State::sequence;
  return true;
}

bool Grammar::in_sequence(unsigned char byte) {
  if (byte < sequence_min_ || byte > sequence_max_) return fail("not UTF-8");
  sequence_min_ = 0x80;
  sequence_max_ = 0xBF;
  if (--sequence_left_ == 0) state_ = State::string;
  return true;
}

bool Grammar::in_escape(char c) {
  if (c == 'u') {
    hex_digits_ = 0;
    code_unit_ = 0;
    low_ = false;
    state_ = State::hex;
    return true;
  }
  if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) return fail("no such escape");
  state_ = State::string;
  return true;
}

bool Grammar::in_hex(char c) {
  const int digit = hex_value(c);
  if (digit < 0) return fail("a hexadecimal digit is expected");
  const unsigned unit = code_unit_ << 4 | static_cast<unsigned>(digit);
  // The second digit decides: D800-DBFF is the first half of a pair, DC00-DFFF the second.
  const bool low_unit = hex_digits_ == 1 && unit >= 0xDC && unit <= 0xDF;
  if (low_ ? (hex_digits_ == 0 && unit != 0xD) || (hex_digits_ == 1 && !low_unit) : low_unit)
    return fail("half of a surrogate pair is missing");
  code_unit_ = unit;
  if (++hex_digits_ < 4) return true;
  const bool high = !low_ && code_unit_ >= 0xD800 && code_unit_ <= 0xDBFF;
  state_ = high ? State::low_backslash : State::string;
  hex_digits_ = 0;
  code_unit_ = 0;
  low_ = high;
  return true;
}

}  // namespace batchd::json
