// Received and not yet used bytes of one connection.
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
  // Room behind the unused bytes, at least one byte as long as they are fewer than kHeaderBytesMax.
  std::pair<char*, std::size_t> room();
  void commit(std::size_t bytes) { end_ += bytes; }
  void release();  // if empty

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace batchd::daemon
