// Randomness: unguessable text for tokens, and jitter for schedules.
#pragma once

#include <sys/random.h>

#include <random>
#include <string>

#include "core/base32.h"
#include "core/check.h"

namespace batchd::daemon {

// 128 bits from the kernel as 26 characters of [0-9a-z].
inline std::string random_text() {
  unsigned char bytes[26];
  CHECK(::getrandom(bytes, sizeof bytes, 0) == sizeof bytes);  // never short up to 256 bytes (getrandom(2))
  std::string text;
  for (const unsigned char byte : bytes) text += core::kBase32Digits[byte & 31];
  return text;
}

// Uniform in [-1, 1].
inline double random_jitter() {
  static thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(-1.0, 1.0)(engine);
}

}  // namespace batchd::daemon
