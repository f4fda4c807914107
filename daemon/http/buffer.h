// The bytes of one connection that were received and not used yet.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace batchd::daemon {

// Holds no memory after release().
class ReceiveBuffer {
 public:
  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  // Returns the free room behind the unused bytes: at least one byte if fewer than kHeaderBytesMax bytes are unused.
  std::pair<char*, std::size_t> room();
  void commit(std::size_t bytes) { end_ += bytes; }  // notes that so many bytes were written into room()
  void release();                                    // frees the memory; does nothing unless the buffer is empty

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace batchd::daemon
