#include "proto/json/references.h"

#include <utility>

#include "proto/json/members.h"

namespace batchd::json {
namespace {

constexpr std::size_t kRawValueBytesMax = 6 * ReferenceScan::kValueBytesMax + 2;  // every byte escaped, and the quotes

}  // namespace

ReferenceScan::ReferenceScan(std::vector<std::string> members, Found found)
    : names_(std::move(members)), found_(std::move(found)) {}

void ReferenceScan::feed(std::string_view fragment) {
  while (!fragment.empty()) {
    const auto piece = scan_.next(fragment);
    fragment.remove_prefix(piece.bytes.size());
    take(piece);
  }
}

void ReferenceScan::take(const Piece& piece) {
  if (place_ == Place::outside) {
    if (names_.take(piece)) place_ = Place::before_value;
    return;
  }
  if (place_ == Place::before_value) {
    if (piece.blank()) return;
    if (piece.kind != Piece::Kind::string) {
      names_.take(piece);
      place_ = Place::outside;
      return;
    }
    raw_.clear();
    too_long_ = false;
    place_ = Place::in_value;
  }
  take_value(piece);
}

void ReferenceScan::take_value(const Piece& piece) {
  too_long_ = too_long_ || raw_.size() + piece.bytes.size() > kRawValueBytesMax;
  if (!too_long_) raw_ += piece.bytes;
  if (!piece.ends) return;
  place_ = Place::outside;
  std::string value;
  if (!too_long_ && unescape(raw_, value) && value.size() <= kValueBytesMax) found_(value);
}

}  // namespace batchd::json
