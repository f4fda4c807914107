// Result files of jobs, never completely in memory.
#pragma once

#include <memory>
#include <random>
#include <string_view>

#include "emulator/base/blob.h"

namespace batchd::emulator {

void append_line(Blob& out, std::string_view line);
std::shared_ptr<Blob> shuffled(const Blob& lines, std::mt19937_64& random);
// Returns the lines as elements of a JSON array. A line that is no JSON because of a fault is replaced by an empty
// object.
std::shared_ptr<const Blob> elements(const Blob& lines);

}  // namespace batchd::emulator
