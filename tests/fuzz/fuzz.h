// Shared by the fuzz targets. A target defines LLVMFuzzerTestOneInput and CHECKs what must hold for any bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace batchd::fuzz {

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
  const void* bytes = data;
  return {static_cast<const char*>(bytes), size};
}

// Gives the bytes in fragments of 0 to 15, as the bytes themselves decide, until one is refused. True: all were taken.
template <class Feed>
bool in_fragments(std::string_view bytes, Feed feed) {
  std::uint32_t state = static_cast<std::uint32_t>(bytes.size()) * 2654435761U;
  while (!bytes.empty()) {
    state = state * 1664525U + 1013904223U + static_cast<unsigned char>(bytes[0]);
    const auto count = std::min<std::size_t>((state >> 24) % 16, bytes.size());
    if (!feed(bytes.substr(0, count))) return false;
    bytes.remove_prefix(count);
  }
  return true;
}

}  // namespace batchd::fuzz
