#include "daemon/http/buffer.h"

#include <algorithm>

#include "daemon/http/head.h"

namespace batchd::daemon {
namespace {

constexpr std::size_t kBufferBytes = 8 << 10;  // holds most requests with their body

}  // namespace

std::pair<char*, std::size_t> ReceiveBuffer::room() {
  if (empty()) begin_ = end_ = 0;
  if (end_ == capacity_) {
    const auto used = view();
    const auto capacity = !bytes_ ? kBufferBytes : used.size() > capacity_ / 2 ? kHeaderBytesMax : capacity_;
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    std::ranges::copy(used, bytes.get());
    begin_ = 0;
    end_ = used.size();
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }
  return {bytes_.get() + end_, capacity_ - end_};
}

void ReceiveBuffer::release() {
  if (!empty()) return;
  bytes_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace batchd::daemon
