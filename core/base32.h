// The digits in which ids, tags and installations are written.
#pragma once

#include <string_view>

namespace batchd::core {

// Lower case, in the order of their values, without i, l, o and u, which people misread.
inline constexpr std::string_view kBase32Digits = "0123456789abcdefghjkmnpqrstvwxyz";
static_assert(kBase32Digits.size() == 32);

}  // namespace batchd::core
