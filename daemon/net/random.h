// Randomness: unguessable text for the tags of jobs, and jitter for schedules.
#pragma once

#include <sys/random.h>

#include <random>
#include <string>

#include "core/base32.h"
#include "core/check.h"

namespace batchd::daemon {

// Returns 26 characters of [0-9a-z] that hold at least 128 random bits from the kernel.
inline std::string random_text() {
  unsigned char bytes[26];
  CHECK(::getrandom(bytes, sizeof bytes, 0) == sizeof bytes);  // never returns less up to 256 bytes (getrandom(2))
  std::string text;
  for (const unsigned char byte : bytes) text += core::kBase32Digits[byte & 31];
  return text;
}

// Returns a number that is uniformly distributed in [-1, 1).
inline double random_jitter() {
  static thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(-1.0, 1.0)(engine);
}

}  // namespace batchd::daemon
