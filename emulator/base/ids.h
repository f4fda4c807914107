// Names and times as the provider writes them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace batchd::emulator {

using TimePoint = std::chrono::system_clock::time_point;

std::string random_id(std::size_t length);        // [a-z0-9], from the system's randomness
std::string timestamp(TimePoint at, int digits);  // 2026-01-06T11:09:11.943530657Z
// True for file ids that clients may choose: at most 40 characters of [a-z0-9-], no dash at either end.
bool valid_file_id(std::string_view id);
// Counts UTF-8 characters; four of them count as one of the provider's tokens.
std::size_t characters(std::string_view text);
std::size_t tokens(std::size_t characters);

}  // namespace batchd::emulator
