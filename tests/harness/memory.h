// How much memory a process has, as the kernel says.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

namespace batchd::harness {

#if defined(BATCHD_WITH_ASAN) || defined(BATCHD_WITH_TSAN)
inline constexpr bool kMemoryIsItsOwn = false;  // most of it is the sanitizer's
#else
inline constexpr bool kMemoryIsItsOwn = true;
#endif

// Returns the value of a line of /proc/PID/status, such as "VmRSS:", in KiB; -1 if there is none.
std::int64_t memory_kib(pid_t process, std::string_view name);

}  // namespace batchd::harness
