#include "daemon/http/chunks.h"

#include <algorithm>

#include "core/check.h"
#include "daemon/http/text.h"

namespace batchd::daemon {

void ChunkDecoder::skip(std::int64_t bytes) {
  CHECK(bytes >= 0 && bytes <= data_rest());
  rest_ -= bytes;
  wire_bytes_ += bytes;
  if (bytes > 0 && rest_ == 0) at_ = At::data_cr;
}

ChunkDecoder::Step ChunkDecoder::step(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !finished() && !failed()) {
    if (at_ == At::data) {
      const auto here = std::min(rest_, static_cast<std::int64_t>(bytes.size() - used));
      const auto data = bytes.substr(used, static_cast<std::size_t>(here));
      skip(here);
      return {used + data.size(), data};
    }
    at_ = after(bytes[used]);
    ++used;
    ++wire_bytes_;
  }
  return {used, {}};
}

ChunkDecoder::At ChunkDecoder::after_size(char c) {
  const int digit = hex_digit(c);
  if (digit >= 0 && digits_ < kChunkDigitsMax) {
    rest_ = rest_ * 16 + digit;
    ++digits_;
    return At::size;
  }
  if (digits_ == 0) return At::failed;
  if (c == ';') return At::extension;
  return c == '\r' ? At::size_lf : At::failed;
}

// Returns the decoder's position after one byte that isn't data.
ChunkDecoder::At ChunkDecoder::after(char c) {
  switch (at_) {
    case At::size:
      return ++line_bytes_ > kChunkLineBytesMax ? At::failed : after_size(c);
    case At::extension:
      if (++line_bytes_ > kChunkLineBytesMax) return At::failed;
      if (c == '\r') return At::size_lf;
      return value_char(c) ? At::extension : At::failed;
    case At::size_lf:
      digits_ = line_bytes_ = 0;
      if (c != '\n') return At::failed;
      return rest_ == 0 ? At::trailer : At::data;
    case At::data_cr:
      return c == '\r' ? At::data_lf : At::failed;
    case At::data_lf:
      return c == '\n' ? At::size : At::failed;
    case At::trailer:
      if (c == '\r') return At::end_lf;
      // A line that starts with a blank would continue the line before it.
      return ++trailer_bytes_ <= kTrailerBytesMax && value_char(c) && c != ' ' && c != '\t' ? At::trailer_line
                                                                                            : At::failed;
    case At::trailer_line:
      if (c == '\r') return At::trailer_lf;
      return ++trailer_bytes_ <= kTrailerBytesMax && value_char(c) ? At::trailer_line : At::failed;
    case At::trailer_lf:
      return c == '\n' ? At::trailer : At::failed;
    case At::end_lf:
      return c == '\n' ? At::finished : At::failed;
    case At::data:
    case At::finished:
    case At::failed:
      break;
  }
  return At::failed;
}

}  // namespace batchd::daemon
