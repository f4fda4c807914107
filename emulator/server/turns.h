// Long work on large files, cut into slices so that no connection waits long for another's.
#pragma once

#include <cstddef>
#include <string>

#include "emulator/base/blob.h"
#include "emulator/server/net.h"

namespace batchd::emulator {

class Turns {
 public:
  static constexpr std::size_t kSliceBytes = 256 << 10;

  // Say what was worked on; after every slice, everything else that is ready runs first.
  Task<void> spend(std::size_t bytes);

 private:
  std::size_t spent_ = 0;
};

// SHA-256 of a blob, in lower-case hex.
Task<std::string> digest(const Blob& blob);

}  // namespace batchd::emulator
