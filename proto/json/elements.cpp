#include "proto/json/elements.h"

namespace batchd::json {

Elements::Elements(std::string_view member) : names_(spellings(member)) {}

void Elements::feed(std::string_view fragment, std::string& lines) {
  while (!fragment.empty() && place_ != Place::over) {
    const auto piece = scan_.next(fragment);
    fragment.remove_prefix(piece.bytes.size());
    take(piece, lines);
  }
}

void Elements::take(const Piece& piece, std::string& lines) {
  switch (place_) {
    case Place::outside:
      if (names_.take(piece)) place_ = Place::before_value;
      return;
    case Place::before_value:
      if (piece.blank()) return;
      place_ = piece.is('[') ? Place::between : Place::outside;
      if (place_ == Place::outside) names_.take(piece);
      return;
    case Place::between:
      take_between(piece, lines);
      return;
    case Place::inside:
      take_inside(piece, lines);
      return;
    case Place::over:
      return;
  }
}

void Elements::take_between(const Piece& piece, std::string& lines) {
  if (piece.blank() || piece.is(',')) return;
  if (piece.closes()) {
    place_ = any_ ? Place::over : Place::outside;
    return;
  }
  any_ = true;
  place_ = Place::inside;
  take_inside(piece, lines);
}

void Elements::take_inside(const Piece& piece, std::string& lines) {
  // A comma or bracket that isn't the element's own ends it, if it is a string, a number or a literal.
  if (depth_ == 0 && (piece.is(',') || piece.closes())) {
    end_element(lines);
    take_between(piece, lines);
    return;
  }
  write(piece, lines);
  if (piece.opens()) ++depth_;
  if (piece.closes() && --depth_ == 0) end_element(lines);
}

void Elements::end_element(std::string& lines) {
  lines += '\n';
  scalar_ = false;
  gap_ = false;
  place_ = Place::between;
}

void Elements::write(const Piece& piece, std::string& lines) {
  if (piece.kind == Piece::Kind::rest) {
    write_rest(piece.bytes, lines);
    return;
  }
  scalar_ = false;
  gap_ = false;
  auto bytes = piece.bytes;
  for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n')) {
    (lines += bytes.substr(0, at)) += "\\n";  // not JSON, but it must not become two lines
    bytes.remove_prefix(at + 1);
  }
  lines += bytes;
}

void Elements::write_rest(std::string_view bytes, std::string& lines) {
  for (const char c : bytes) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      gap_ = true;
      continue;
    }
    if (scalar_ && gap_) lines += ' ';  // not JSON either, and stays so
    scalar_ = true;
    gap_ = false;
    lines += c;
  }
}

}  // namespace batchd::json
