// RFC 4648 base64 with padding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::json {

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(
    std::string_view text);  // nullopt unless `text` is exactly what base64_encode() yields

// Returns the length of the text of so many bytes.
constexpr std::int64_t base64_text_bytes(std::int64_t bytes) { return (bytes + 2) / 3 * 4; }

// Encodes bytes that come in fragments: all that take() and finish() return is what base64_encode() yields.
class Base64Stream {
 public:
  std::string take(std::string_view fragment);
  std::string finish();

 private:
  std::string kept_;  // bytes that don't fill a group of three yet
};

}  // namespace batchd::json
