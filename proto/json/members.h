// The members of one top-level object, found without parsing their values: string- and depth-aware, incremental,
// constant memory. Text that looks like a member inside a string or a nested value is never one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace batchd::json {

// Told what MemberScan finds, in order. A value's bytes come verbatim, in fragments, without surrounding white space.
class MemberHandler {
 public:
  virtual ~MemberHandler() = default;
  virtual void member(std::string_view name,
                      std::uint64_t value_offset) = 0;  // name unescaped; offset of the value's first byte
  virtual void value(std::string_view fragment) = 0;
  virtual void end_value(std::uint64_t value_bytes) = 0;
};

class MemberScan {
 public:
  static constexpr std::size_t kNameBytesMax = 256;  // longer names are cut: they are unknown to everybody

  explicit MemberScan(MemberHandler& handler);
  // False: this can't be an object with members (then feed no more). Checks structure outside of values only (braces,
  // brackets and strings balanced, commas and colons in place); scalar values are taken as they come.
  bool feed(std::string_view fragment);
  bool finish();  // exactly one complete object, white space around it

 private:
  // (implementation's state)
};

// The text of a JSON string value (quotes included in `raw`). False: not a string, or a broken escape.
bool unescape(std::string_view raw, std::string& text);

}  // namespace batchd::json
