#include "proto/json/references.h"

#include <algorithm>
#include <utility>

#include "proto/json/members.h"

namespace batchd::json {
namespace {

constexpr std::size_t kRawValueBytesMax = 6 * ReferenceScan::kValueBytesMax + 2;  // every byte escaped, and the quotes

}  // namespace

ReferenceScan::ReferenceScan(std::vector<std::string> places, Found found)
    : places_(std::move(places)), found_(std::move(found)) {}

void ReferenceScan::feed(std::string_view fragment) {
  while (!fragment.empty()) {
    const auto piece = scan_.next(fragment);
    fragment.remove_prefix(piece.bytes.size());
    take(piece);
  }
}

void ReferenceScan::take(const Piece& piece) {
  if (piece.kind == Piece::Kind::string) {
    too_long_ = too_long_ || raw_.size() + piece.bytes.size() > kRawValueBytesMax;
    if (!too_long_) raw_ += piece.bytes;
    if (piece.ends) end_string();
  } else if (piece.opens()) {
    frames_.push_back({.object = piece.is('{'), .name = {}});
  } else if (piece.closes()) {
    if (!frames_.empty()) frames_.pop_back();
  } else if (!frames_.empty() && (piece.is(':') || piece.is(','))) {
    frames_.back().in_value = piece.is(':');
  }
}

void ReferenceScan::end_string() {
  std::string text;
  const bool whole = !std::exchange(too_long_, false) && unescape(raw_, text);
  raw_.clear();
  if (frames_.empty()) return;
  auto& frame = frames_.back();
  if (frame.object && !frame.in_value) {
    frame.name = whole ? std::move(text) : std::string();
  } else if (whole && text.size() <= kValueBytesMax && is_wanted()) {
    found_(text);
  }
}

bool ReferenceScan::is_wanted() const {
  return std::ranges::any_of(places_, [this](std::string_view rest) {
    bool first = true;
    for (const auto& frame : frames_) {
      if (!frame.object) continue;
      if (!std::exchange(first, false)) {
        if (!rest.starts_with('.')) return false;
        rest.remove_prefix(1);
      }
      // A name with a dot in it is no name of a place.
      if (frame.name.empty() || frame.name.find('.') != std::string::npos || !rest.starts_with(frame.name))
        return false;
      rest.remove_prefix(frame.name.size());
    }
    return rest.empty() && !first;
  });
}

}  // namespace batchd::json
