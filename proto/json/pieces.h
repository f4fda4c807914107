// Cuts JSON into strings, marks and what lies between them, and finds members by their names at any depth: incremental,
// in constant memory. It believes its input; of bytes that are no JSON it makes some pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::json {

struct Piece {
  enum class Kind : std::uint8_t {
    string,  // bytes of a string, its quotes included
    mark,    // one of {}[],:
    rest,    // white space, numbers, literals
  };
  Kind kind = Kind::rest;
  std::string_view bytes;  // never empty
  bool ends = false;       // of a string: its closing quote is the last byte

  bool is(char mark) const { return kind == Kind::mark && bytes[0] == mark; }
  bool opens() const { return is('{') || is('['); }
  bool closes() const { return is('}') || is(']'); }
  bool blank() const;  // nothing but white space
};

class PieceScan {
 public:
  // Returns the piece at the beginning of `bytes`, which must not be empty. The next call gets the bytes after it.
  Piece next(std::string_view bytes);

 private:
  Piece take_string(std::string_view bytes);

  bool in_string_ = false;
  bool escaped_ = false;  // the last byte was the backslash of an escape
};

// Notices where the value of a member with a wanted name begins.
class NameWatch {
 public:
  explicit NameWatch(std::vector<std::string> names);
  // Takes the next piece. Returns true if it is the colon behind a wanted name.
  bool take(const Piece& piece);

 private:
  bool is_wanted() const;

  const std::vector<std::string> names_;
  std::size_t raw_bytes_max_ = 0;
  std::string raw_;        // the beginning of the last string
  bool open_ = false;      // the last string hasn't ended yet
  bool closed_ = false;    // it has, and nothing but white space has come since
  bool too_long_ = false;  // it is longer than any wanted name
};

// Returns the two spellings of a member's name that JSON of protocol buffers may have: inlinedResponses and
// inlined_responses.
std::vector<std::string> spellings(std::string_view camel);

}  // namespace batchd::json
