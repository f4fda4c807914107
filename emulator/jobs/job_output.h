// Result files of jobs, never completely in memory.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string_view>

#include "emulator/base/blob.h"

namespace batchd::emulator {

void append_line(Blob& out, std::string_view line);
std::shared_ptr<Blob> shuffled(const Blob& lines, std::mt19937_64& random);

// Is told the keys of two lines: the first one's answer is now the second one's.
using SwapTold = std::function<void(std::string_view key, std::string_view answer_of)>;
// Returns the lines in their order, but a random share of them (two at least, if there are so many) with their
// responses exchanged in pairs. Lines without a response stay as they are, and so do their partners.
std::shared_ptr<Blob> swapped(const Blob& lines, double share, std::mt19937_64& random, const SwapTold& told);

// Returns the lines as elements of a JSON array. A line that is no JSON because of a fault is replaced by an empty
// object.
std::shared_ptr<const Blob> elements(const Blob& lines);

}  // namespace batchd::emulator
