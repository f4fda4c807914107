// Names and times as the provider writes them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace batchd::emulator {

using TimePoint = std::chrono::system_clock::time_point;

std::string random_id(std::size_t length);        // [a-z0-9], from the system's randomness
std::string timestamp(TimePoint at, int digits);  // 2026-01-06T11:09:11.943530657Z
// Own file ids: at most 40 characters of [a-z0-9-], no dash at either end.
bool valid_file_id(std::string_view id);
// UTF-8 characters; the provider's tokens are counted as four of them.
std::size_t characters(std::string_view text);
std::size_t tokens(std::size_t characters);

}  // namespace batchd::emulator
