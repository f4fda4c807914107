// Finds the members of one top-level object without parsing their values: aware of strings and nesting, incremental, in
// constant memory. Text that looks like a member inside a string or a nested value is never taken for one.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace batchd::json {

// Receives what MemberScan finds, in order. A value's bytes come verbatim, in fragments, without surrounding white
// space.
class MemberHandler {
 public:
  virtual ~MemberHandler() = default;
  // `name` is unescaped; `value_offset` is the offset of the value's first byte in all that was fed.
  virtual void member(std::string_view name, std::uint64_t value_offset) = 0;
  virtual void value(std::string_view fragment) = 0;
  virtual void end_value(std::uint64_t value_bytes) = 0;
};

class MemberScan {
 public:
  static constexpr std::size_t kNameBytesMax = 256;  // longer names are cut: no handler knows such a name
  static constexpr std::size_t kDepthMax = 1024;     // of values; a protobuf message in JSON stays below 100

  explicit MemberScan(MemberHandler& handler);
  // Returns false if the bytes can't be an object with members; feed no more then. Checks the structure outside of
  // values only (braces, brackets and strings balanced, commas and colons in place); scalar values are taken as they
  // come.
  bool feed(std::string_view fragment);
  bool finish();  // true if exactly one complete object came, with or without white space around it

 private:
  enum class State : std::uint8_t {
    before_object,
    first_name,  // a name or the end of an empty object
    next_name,
    in_name,
    after_name,
    before_value,
    in_value,  // string, object or array
    in_scalar,
    after_value,
    after_object,
    failed,
  };
  std::size_t take(std::string_view fragment);
  std::size_t take_name(std::string_view fragment);
  std::size_t take_value(std::string_view fragment);
  std::size_t take_scalar(std::string_view fragment);
  void take_structure(char c);
  void end_name();
  void begin_value(State state);
  void give_value(std::string_view fragment);
  void end_value();
  void open(bool object);
  bool close(bool object);

  MemberHandler& handler_;
  State state_ = State::before_object;
  bool in_string_ = false;          // inside a value
  bool escaped_ = false;            // the last byte was the backslash of an escape
  std::size_t depth_ = 0;           // of nesting in the current value
  std::bitset<kDepthMax> objects_;  // per level: whether it was opened by '{', not '['
  std::uint64_t offset_ = 0;
  std::uint64_t value_bytes_ = 0;
  std::string name_;
};

// Decodes a JSON string value (`raw` includes the quotes) into `text`. Lone surrogates become U+FFFD. Returns false if
// `raw` isn't a string or has a broken escape.
bool unescape(std::string_view raw, std::string& text);

}  // namespace batchd::json
