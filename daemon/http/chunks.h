// Decodes a chunked request body as it arrives, in pieces of any size. It is strict: a body with a malformed size,
// extension or trailer, or with a line that does not end with CR LF, fails. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace batchd::daemon {

inline constexpr std::size_t kChunkDigitsMax = 15;        // of a chunk's size, which is below 2^60
inline constexpr std::size_t kChunkLineBytesMax = 4096;   // a size with its extensions, which are skipped
inline constexpr std::size_t kTrailerBytesMax = 8 << 10;  // all trailer fields, which are skipped

class ChunkDecoder {
 public:
  struct Step {
    std::size_t used = 0;   // number of bytes used, from the start of the given bytes
    std::string_view data;  // decoded data, a part of the used bytes; may be empty
  };
  // Decodes up to the end of some data, of the body, or of `bytes`, whichever is first. Uses no bytes after the body's
  // end or after a failure.
  Step step(std::string_view bytes);

  // Returns how many bytes of data come next without anything between them. A caller that has received some of these
  // bytes elsewhere calls skip() for them. skip(0) changes nothing, wherever the decoder stands.
  std::int64_t data_rest() const { return at_ == At::data ? rest_ : 0; }
  void skip(std::int64_t bytes);

  bool finished() const { return at_ == At::finished; }
  bool failed() const { return at_ == At::failed; }
  std::int64_t wire_bytes() const { return wire_bytes_; }  // all bytes used so far, not only data

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
  std::int64_t rest_ = 0;  // the chunk's size while that is read, then how many bytes of its data are to come
  std::size_t digits_ = 0;
  std::size_t line_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::int64_t wire_bytes_ = 0;
};

}  // namespace batchd::daemon
