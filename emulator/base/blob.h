// The bytes of one file: in memory while small, else in an unlinked temporary file, so that nothing outlives the
// process.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace batchd::emulator {

class Blob {
 public:
  static constexpr std::size_t kMemoryBytesMax = 64 << 10;

  Blob() = default;
  ~Blob();
  Blob(const Blob&) = delete;
  Blob& operator=(const Blob&) = delete;

  std::uint64_t size() const { return size_; }
  void append(std::string_view bytes);  // throws std::system_error if the disk fails or is full
  void append(const Blob& other);
  void truncate(std::uint64_t size);                                  // to at most size()
  std::size_t read(std::uint64_t offset, std::span<char> out) const;  // returns 0 at the end

 private:
  void spill();

  std::string memory_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

// Reads the lines of a blob without their '\n'; a last line without a '\n' counts too.
class LineReader {
 public:
  explicit LineReader(const Blob& blob) : blob_(blob) {}
  bool next(std::string& line);                               // returns false at the end
  std::uint64_t line_number() const { return line_number_; }  // number of the last line, from 1

 private:
  const Blob& blob_;
  std::string buffer_;
  std::size_t begin_ = 0;  // start of the bytes that were not returned yet
  std::uint64_t offset_ = 0;
  std::uint64_t line_number_ = 0;
};

}  // namespace batchd::emulator
