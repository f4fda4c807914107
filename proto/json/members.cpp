#include "proto/json/members.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proto/json/escape.h"
#include "proto/json/scan.h"

namespace batchd::json {
namespace {

// An escaped character takes at most six bytes per byte of its text, so a raw name of this length always decodes to
// kNameBytesMax bytes.
constexpr std::size_t kRawNameBytesMax = 6 * MemberScan::kNameBytesMax + 12;

// The bytes that decide about nesting outside of strings.
constexpr auto kMarks = [] {
  std::array<bool, 256> marks{};
  for (const char c : {'"', '{', '}', '[', ']'}) marks[static_cast<unsigned char>(c)] = true;
  return marks;
}();

// Returns the length of the prefix, outside of strings, without bytes that matter.
std::size_t run_outside(std::string_view bytes) {
  const auto mark = std::ranges::find_if(bytes, [](char c) { return kMarks[static_cast<unsigned char>(c)]; });
  return static_cast<std::size_t>(mark - bytes.begin());
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

MemberScan::MemberScan(MemberHandler& handler) : handler_(handler) {}

bool MemberScan::feed(std::string_view fragment) {
  while (!fragment.empty() && state_ != State::failed) {
    const auto taken = take(fragment);
    offset_ += taken;
    fragment.remove_prefix(taken);
  }
  return state_ != State::failed;
}

bool MemberScan::finish() { return state_ == State::after_object; }

// Takes some bytes and returns how many, or takes none and changes the state.
std::size_t MemberScan::take(std::string_view fragment) {
  switch (state_) {
    case State::in_name:
      return take_name(fragment);
    case State::in_value:
      return take_value(fragment);
    case State::in_scalar:
      return take_scalar(fragment);
    case State::before_value:
      if (is_blank(fragment[0])) return 1;
      begin_value(fragment[0] == '"' || fragment[0] == '{' || fragment[0] == '[' ? State::in_value : State::in_scalar);
      return 0;
    case State::before_object:
    case State::first_name:
    case State::next_name:
    case State::after_name:
    case State::after_value:
    case State::after_object:
      if (!is_blank(fragment[0])) take_structure(fragment[0]);
      return 1;
    case State::failed:
      break;
  }
  return fragment.size();
}

void MemberScan::take_structure(char c) {
  const auto state = state_;
  state_ = State::failed;
  if (state == State::before_object && c == '{') state_ = State::first_name;
  if ((state == State::first_name || state == State::next_name) && c == '"') {
    name_.clear();
    state_ = State::in_name;
  }
  if (state == State::after_name && c == ':') state_ = State::before_value;
  if (state == State::after_value && c == ',') state_ = State::next_name;
  if ((state == State::first_name || state == State::after_value) && c == '}') state_ = State::after_object;
}

std::size_t MemberScan::take_name(std::string_view fragment) {
  std::size_t taken = 0;
  while (taken < fragment.size()) {
    const char c = fragment[taken++];
    if (c == '"' && !escaped_) {
      end_name();
      break;
    }
    escaped_ = c == '\\' && !escaped_;
    if (name_.size() < kRawNameBytesMax) name_ += c;
  }
  return taken;
}

void MemberScan::end_name() {
  std::string text;
  const bool readable = decode_string(name_, text, kNameBytesMax);
  if (text.size() > kNameBytesMax) text.resize(kNameBytesMax);
  name_ = std::move(text);
  state_ = readable ? State::after_name : State::failed;
}

void MemberScan::begin_value(State state) {
  state_ = state;
  value_bytes_ = 0;
  handler_.member(name_, offset_);
}

std::size_t MemberScan::take_value(std::string_view fragment) {
  std::size_t taken = 0;
  bool over = false;
  while (taken < fragment.size() && !over && state_ != State::failed) {
    if (!escaped_) {
      const auto rest = fragment.substr(taken);
      taken += in_string_ ? string_run(rest) : run_outside(rest);
    }
    if (taken == fragment.size()) break;
    const char c = fragment[taken++];
    if (escaped_) {
      escaped_ = false;
    } else if (in_string_) {
      escaped_ = c == '\\';
      in_string_ = escaped_;
      over = !in_string_ && depth_ == 0;
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      open(c == '{');
    } else if (c == '}' || c == ']') {
      over = close(c == '}');
    }
  }
  if (state_ == State::failed) return taken;
  give_value(fragment.substr(0, taken));
  if (over) end_value();
  return taken;
}

std::size_t MemberScan::take_scalar(std::string_view fragment) {
  constexpr std::string_view ends = ",} \t\n\r";
  constexpr std::string_view never = "\"{[]:\\";
  std::size_t taken = 0;
  while (taken < fragment.size() && ends.find(fragment[taken]) == std::string_view::npos) {
    if (never.find(fragment[taken]) != std::string_view::npos) {
      state_ = State::failed;
      return taken;
    }
    ++taken;
  }
  if (taken > 0) give_value(fragment.substr(0, taken));
  if (taken < fragment.size()) end_value();
  return taken;
}

void MemberScan::give_value(std::string_view fragment) {
  value_bytes_ += fragment.size();
  handler_.value(fragment);
}

void MemberScan::end_value() {
  if (value_bytes_ == 0) {  // an empty scalar: a comma or brace stands where a value should be
    state_ = State::failed;
    return;
  }
  state_ = State::after_value;
  handler_.end_value(value_bytes_);
}

void MemberScan::open(bool object) {
  if (depth_ == kDepthMax) {
    state_ = State::failed;
    return;
  }
  objects_.set(depth_++, object);
}

// Returns true if that was the value's last byte.
bool MemberScan::close(bool object) {
  if (depth_ == 0 || objects_.test(depth_ - 1) != object) {
    state_ = State::failed;
    return false;
  }
  return --depth_ == 0;
}

bool unescape(std::string_view raw, std::string& text) {
  if (raw.size() < 2 || raw.front() != '"' || raw.back() != '"') return false;
  text.clear();
  return decode_string(raw.substr(1, raw.size() - 2), text, std::string_view::npos);
}

}  // namespace batchd::json
