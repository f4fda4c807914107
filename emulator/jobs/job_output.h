// Result lines, on their way from the execution to whoever fetches them. Never all of them in memory.
#pragma once

#include <memory>
#include <random>
#include <string_view>

#include "emulator/base/blob.h"

namespace batchd::emulator {

void append_line(Blob& out, std::string_view line);
std::shared_ptr<Blob> shuffled(const Blob& lines, std::mt19937_64& random);
// Lines as the elements of a JSON array. A line that a fault has damaged can't be one: an empty object takes its place.
std::shared_ptr<const Blob> elements(const Blob& lines);

}  // namespace batchd::emulator
