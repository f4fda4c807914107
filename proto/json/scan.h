// Finds runs of uninteresting bytes inside JSON strings, eight at a time: nearly all bytes that pass through here are
// in strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace batchd::json {

namespace scan {

inline constexpr std::uint64_t kOnes = 0x0101010101010101;
inline constexpr std::uint64_t kHighs = 0x8080808080808080;

// Returns a value other than 0 if some byte of `word` is `byte`.
inline std::uint64_t any(std::uint64_t word, unsigned char byte) {
  const auto zeros = word ^ (kOnes * byte);
  return (zeros - kOnes) & ~zeros & kHighs;
}

template <class Ends>
std::size_t run(std::string_view bytes, Ends ends) {
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if (ends(word)) break;
  }
  return at;
}

}  // namespace scan

// Returns the length of a prefix, a multiple of 8, without quotes and backslashes. The bytes after it may have none
// either.
inline std::size_t unquoted_run(std::string_view bytes) {
  return scan::run(bytes, [](std::uint64_t word) { return (scan::any(word, '"') | scan::any(word, '\\')) != 0; });
}

// Returns the length of the prefix that belongs to a string without an escape: up to a quote or a backslash.
inline std::size_t string_run(std::string_view bytes) {
  auto at = unquoted_run(bytes);
  while (at < bytes.size() && bytes[at] != '"' && bytes[at] != '\\') ++at;
  return at;
}

// The same as unquoted_run() for a prefix that has no control characters and no bytes outside of ASCII either.
inline std::size_t plain_run(std::string_view bytes) {
  return scan::run(bytes, [](std::uint64_t word) {
    const auto controls = (word - scan::kOnes * 0x20) & ~word;
    return (((controls | word) & scan::kHighs) | scan::any(word, '"') | scan::any(word, '\\')) != 0;
  });
}

}  // namespace batchd::json
