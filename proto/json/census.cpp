#include "proto/json/census.h"

#include <algorithm>
#include <utility>

#include "proto/json/scan.h"

namespace batchd::json {
namespace {

constexpr unsigned kHexEscapeBytes = 6;  // \u20ac

bool is_white(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

unsigned hex_digit(char c) {
  return static_cast<unsigned>(c >= '0' && c <= '9' ? c - '0' : ((c | 0x20) - 'a' + 10) & 0xF);
}

// Returns the bytes of UTF-8 that an escaped code unit stands for; the first half of a pair counts for both.
std::uint64_t bytes_of(unsigned code_unit) {
  if (code_unit >= 0xD800 && code_unit <= 0xDBFF) return 4;
  if (code_unit >= 0xDC00 && code_unit <= 0xDFFF) return 0;
  return code_unit < 0x80 ? 1 : code_unit < 0x800 ? 2 : 3;
}

}  // namespace

CensusScan::CensusScan(std::vector<MediaRule> rules) : rules_(std::move(rules)) {}

void CensusScan::feed(std::string_view fragment) {
  while (!fragment.empty()) fragment.remove_prefix(in_string_ ? take_string(fragment) : take_gap(fragment));
}

TextCensus CensusScan::census() const {
  auto census = census_;
  if (place_ == Place::after_string) census.text_bytes += text_bytes_;
  return census;
}

// Takes bytes outside of strings up to the next quote, which it takes, too.
std::size_t CensusScan::take_gap(std::string_view bytes) {
  std::size_t at = 0;
  while (place_ != Place::elsewhere && at < bytes.size()) {
    const char c = bytes[at++];
    if (is_white(c)) continue;
    if (c == '"') {  // a value, since a name isn't followed by a string, nor a string by one
      begin_string();
      return at;
    }
    named_ = false;
    const bool name = place_ == Place::after_string && c == ':';
    if (place_ == Place::after_string && !name) census_.text_bytes += text_bytes_;
    if (name) {
      named_ = std::ranges::find(rules_, beginning(), &MediaRule::member) != rules_.end();
      if (named_) name_bytes_ = beginning().copy(name_.data(), name_.size());
    }
    place_ = name ? Place::after_colon : Place::elsewhere;
  }
  if (at == bytes.size()) return at;
  const auto quote = bytes.find('"', at);
  if (quote == std::string_view::npos) return bytes.size();
  begin_string();
  return quote + 1;
}

void CensusScan::begin_string() {
  in_string_ = true;
  text_bytes_ = 0;
  beginning_bytes_ = 0;
}

void CensusScan::note_beginning(std::string_view bytes) {
  if (bytes.ends_with('"')) bytes.remove_suffix(1);
  beginning_bytes_ += bytes.copy(beginning_.data() + beginning_bytes_, beginning_.size() - beginning_bytes_);
}

// Takes bytes of a string up to its closing quote, which it takes, too.
std::size_t CensusScan::take_string(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && in_string_) {
    if (escape_bytes_ > 0) {
      take_escape(bytes[at++]);
      continue;
    }
    const auto run = string_run(bytes.substr(at));
    if (beginning_bytes_ < beginning_.size()) note_beginning(bytes.substr(at, run + 1));
    text_bytes_ += run;
    at += run;
    if (at == bytes.size()) break;
    if (bytes[at++] == '"') {
      end_string();
    } else if (at < bytes.size() && bytes[at] != 'u') {
      ++text_bytes_;
      ++at;
    } else {
      escape_bytes_ = 1;
      code_unit_ = 0;
    }
  }
  return at;
}

void CensusScan::take_escape(char c) {
  ++escape_bytes_;
  if (escape_bytes_ > 2) code_unit_ = code_unit_ << 4 | hex_digit(c);
  const bool hex = escape_bytes_ > 2 || c == 'u';
  if (hex && escape_bytes_ < kHexEscapeBytes) return;
  text_bytes_ += hex ? bytes_of(code_unit_) : 1;
  escape_bytes_ = 0;
}

bool CensusScan::is_media() const {
  const std::string_view name(name_.data(), name_bytes_);
  return std::ranges::any_of(
      rules_, [&](const MediaRule& rule) { return rule.member == name && beginning().starts_with(rule.begins); });
}

void CensusScan::end_string() {
  in_string_ = false;
  if (!std::exchange(named_, false)) {
    place_ = Place::after_string;
    return;
  }
  place_ = Place::elsewhere;
  if (is_media())
    ++census_.media_parts;
  else
    census_.text_bytes += text_bytes_;
}

}  // namespace batchd::json
