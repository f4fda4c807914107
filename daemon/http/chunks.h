// A chunked request body, decoded as it comes, in pieces of any size. Strict: a length, extensions, a trailer, and
// every line ended by CR LF, or the body is broken. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace batchd::daemon {

inline constexpr std::size_t kChunkDigitsMax = 15;        // of a chunk's size: below 2^60
inline constexpr std::size_t kChunkLineBytesMax = 4096;   // a size with its extensions, which are skipped
inline constexpr std::size_t kTrailerBytesMax = 8 << 10;  // all trailer fields, which are skipped

class ChunkDecoder {
 public:
  struct Step {
    std::size_t used = 0;   // of the given bytes, from their start
    std::string_view data;  // decoded: a part of the used ones; may be empty
  };
  // Goes on up to the end of some data, of the body, or of `bytes`, whichever is first. Nothing is used after the
  // body's end or a fault.
  Step step(std::string_view bytes);

  // So many bytes of data stand next, and a caller that has received some of them elsewhere skips them.
  std::int64_t data_rest() const { return at_ == At::data ? rest_ : 0; }
  void skip(std::int64_t bytes);

  bool finished() const { return at_ == At::finished; }
  bool failed() const { return at_ == At::failed; }
  std::int64_t wire_bytes() const { return wire_bytes_; }  // used so far, everything counted

 private:
  enum class At : std::uint8_t {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,  // at the start of a line
    trailer_line,
    trailer_lf,
    end_lf,
    finished,
    failed,
  };
  At after(char c);
  At after_size(char c);

  At at_ = At::size;
  std::int64_t rest_ = 0;  // the chunk's size while it is read, then what of its data is to come
  std::size_t digits_ = 0;
  std::size_t line_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::int64_t wire_bytes_ = 0;
};

}  // namespace batchd::daemon
