#include "proto/json/pieces.h"

#include <algorithm>
#include <utility>

#include "proto/json/members.h"
#include "proto/json/scan.h"

namespace batchd::json {
namespace {

constexpr std::string_view kPieceBlanks = " \t\n\r";
constexpr std::string_view kStops = "\"{}[],:";

std::size_t longest(const std::vector<std::string>& names) {
  std::size_t bytes = 0;
  for (const auto& name : names) bytes = std::max(bytes, name.size());
  return bytes;
}

}  // namespace

bool Piece::blank() const {
  return kind == Kind::rest && bytes.find_first_not_of(kPieceBlanks) == std::string_view::npos;
}

Piece PieceScan::next(std::string_view bytes) {
  if (in_string_ || bytes[0] == '"') return take_string(bytes);
  const auto stop = std::min(bytes.find_first_of(kStops), bytes.size());
  if (stop > 0) return {.kind = Piece::Kind::rest, .bytes = bytes.substr(0, stop)};
  return {.kind = Piece::Kind::mark, .bytes = bytes.substr(0, 1)};
}

Piece PieceScan::take_string(std::string_view bytes) {
  std::size_t taken = std::exchange(in_string_, true) ? 0 : 1;
  while (taken < bytes.size() && in_string_) {
    if (!std::exchange(escaped_, false)) {
      taken += string_run(bytes.substr(taken));
      if (taken == bytes.size()) break;
      escaped_ = bytes[taken] == '\\';
      in_string_ = escaped_;
    }
    ++taken;
  }
  return {.kind = Piece::Kind::string, .bytes = bytes.substr(0, taken), .ends = !in_string_};
}

NameWatch::NameWatch(std::vector<std::string> names)
    : names_(std::move(names)), raw_bytes_max_(6 * longest(names_) + 2) {}  // every byte of a name may be escaped

bool NameWatch::take(const Piece& piece) {
  if (piece.kind == Piece::Kind::string) {
    if (!open_) {
      raw_.clear();
      too_long_ = false;
    }
    const auto room = raw_bytes_max_ - raw_.size();
    too_long_ = too_long_ || piece.bytes.size() > room;
    raw_ += piece.bytes.substr(0, room);
    open_ = !piece.ends;
    closed_ = piece.ends;
    return false;
  }
  if (piece.blank()) return false;
  return std::exchange(closed_, false) && piece.is(':') && is_wanted();
}

bool NameWatch::is_wanted() const {
  std::string name;
  return !too_long_ && unescape(raw_, name) && std::ranges::find(names_, name) != names_.end();
}

std::vector<std::string> spellings(std::string_view camel) {
  std::string snake;
  for (const char c : camel) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper) snake += '_';
    snake += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return {std::string(camel), std::move(snake)};
}

}  // namespace batchd::json
