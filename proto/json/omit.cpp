#include "proto/json/omit.h"

namespace batchd::json {

Omit::Omit(std::string_view member) : names_(spellings(member)) {}

void Omit::feed(std::string_view fragment, std::string& kept) {
  while (!fragment.empty()) {
    const auto piece = scan_.next(fragment);
    fragment.remove_prefix(piece.bytes.size());
    const bool was_inside = inside();
    if (take(piece))
      kept += piece.bytes;
    else if (!was_inside)
      kept += "true";
  }
}

// Returns true if the piece is kept.
bool Omit::take(const Piece& piece) {
  switch (place_) {
    case Place::outside:
      if (names_.take(piece)) place_ = Place::before_value;
      return true;
    case Place::before_value:
      if (piece.blank()) return true;
      begin_value(piece);
      return piece.kind != Piece::Kind::string && !piece.opens();
    case Place::inside:
      if (piece.opens()) ++depth_;
      if (piece.closes() && depth_ > 0) --depth_;
      if (depth_ == 0 && (piece.ends || piece.closes())) place_ = Place::outside;
      return false;
  }
  return true;
}

void Omit::begin_value(const Piece& piece) {
  depth_ = piece.opens() ? 1 : 0;
  const bool goes_on = piece.opens() || (piece.kind == Piece::Kind::string && !piece.ends);
  place_ = goes_on ? Place::inside : Place::outside;
}

}  // namespace batchd::json
