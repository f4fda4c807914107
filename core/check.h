// CHECK(condition): a bug detector that is always compiled in. Prints the expression and place, then aborts:
// a daemon that spends money must not run on after it found its own state impossible.
#pragma once

namespace batchd::core {
[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;
}

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::batchd::core::check_failed(#condition, __FILE__, __LINE__))
