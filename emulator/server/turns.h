// Cuts long work on large files into slices, so that no connection waits long for another's work.
#pragma once

#include <cstddef>
#include <string>

#include "emulator/base/blob.h"
#include "emulator/server/net.h"

namespace batchd::emulator {

class Turns {
 public:
  static constexpr std::size_t kSliceBytes = 256 << 10;

  // Call it after working on `bytes`; after every slice, everything else that is ready runs first.
  Task<void> spend(std::size_t bytes);

 private:
  std::size_t spent_ = 0;
};

// Returns the SHA-256 of a blob in lower-case hex.
Task<std::string> digest(const Blob& blob);

}  // namespace batchd::emulator
