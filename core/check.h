// CHECK(condition) detects bugs and is always compiled in. If the condition is false it prints the expression and its
// place, then aborts: a daemon that spends money must not go on once its own state is impossible.
#pragma once

namespace batchd::core {
[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;
}

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::batchd::core::check_failed(#condition, __FILE__, __LINE__))
