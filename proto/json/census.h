// Weighs the text in a JSON value: incremental, in constant memory, without allocating. It believes its input, which
// json::Validator has passed before; of anything else it makes some number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace batchd::json {

// A string value of a member with this name, that begins with this text, is media. Both are compared with the bytes as
// they stand in the document: an escape in them matches nothing.
struct MediaRule {
  std::string_view member;  // at most kRuleNameBytesMax
  std::string_view begins;  // at most as long; may be empty
};
inline constexpr std::size_t kRuleNameBytesMax = 16;

struct TextCensus {
  std::uint64_t text_bytes = 0;   // of all string values that aren't media, as UTF-8, without escapes
  std::uint64_t media_parts = 0;  // string values that are media, whatever their length
};

class CensusScan {
 public:
  // What the rules refer to must outlive this.
  explicit CensusScan(std::vector<MediaRule> rules = {});
  void feed(std::string_view fragment);
  TextCensus census() const;  // of all that was fed

 private:
  enum class Place : std::uint8_t {
    elsewhere,
    after_string,  // a colon decides that it was a name
    after_colon,
  };
  std::size_t take_gap(std::string_view bytes);
  std::size_t take_string(std::string_view bytes);
  void take_escape(char c);
  void begin_string();
  void end_string();
  void note_beginning(std::string_view bytes);
  bool is_media() const;
  std::string_view beginning() const { return {beginning_.data(), beginning_bytes_}; }

  const std::vector<MediaRule> rules_;
  TextCensus census_;
  Place place_ = Place::elsewhere;
  bool in_string_ = false;
  bool named_ = false;                                   // the string is the value of a member with a rule
  std::uint64_t text_bytes_ = 0;                         // of the last string
  std::array<char, kRuleNameBytesMax + 1> beginning_{};  // of the last string
  std::size_t beginning_bytes_ = 0;
  std::array<char, kRuleNameBytesMax> name_{};  // of the member whose value `named_` is about
  std::size_t name_bytes_ = 0;
  unsigned escape_bytes_ = 0;  // that have come of an escape, the backslash included
  unsigned code_unit_ = 0;
};

}  // namespace batchd::json
