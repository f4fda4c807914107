// RFC 4648 base64 with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace batchd::json {

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(
    std::string_view text);  // nullopt unless `text` is exactly what base64_encode() yields

}  // namespace batchd::json
