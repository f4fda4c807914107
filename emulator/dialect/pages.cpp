#include "emulator/dialect/pages.h"

#include <algorithm>
#include <charconv>

#include "proto/json/base64.h"

namespace batchd::emulator {
namespace {

constexpr std::string_view kPrefix = "before:";

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::string_view either(const Request& request, const char* camel, const char* snake) {
  const auto value = request.parameter(camel);
  return value.empty() ? request.parameter(snake) : value;
}

}  // namespace

PageSizes page_sizes(const Switches& switches) {
  const auto rows = [&](Switch which) {
    return std::max<std::size_t>(1, static_cast<std::size_t>(switches.number(which)));
  };
  return {.usual = rows(Switch::page_size_default), .max = rows(Switch::page_size_max)};
}

std::optional<PageRequest> page_request(const Request& request, const PageSizes& sizes) {
  PageRequest page;
  page.size = std::min(sizes.usual, sizes.max);
  if (const auto text = either(request, "pageSize", "page_size"); !text.empty()) {
    const auto size = number(text);
    if (!size) return std::nullopt;
    if (*size > 0) page.size = std::min<std::size_t>(*size, sizes.max);
  }
  if (const auto text = either(request, "pageToken", "page_token"); !text.empty()) {
    const auto plain = json::base64_decode(text);
    if (!plain || !plain->starts_with(kPrefix)) return std::nullopt;
    const auto before = number(std::string_view(*plain).substr(kPrefix.size()));
    if (!before || *before == 0) return std::nullopt;
    page.before = *before;
  }
  return page;
}

std::string page_token(std::uint64_t last_sequence) {
  // Padded so that base64 needs no '=': clients put tokens into queries unescaped.
  std::string plain = std::to_string(last_sequence);
  while ((plain.size() + kPrefix.size()) % 3 != 0) plain.insert(plain.begin(), '0');
  return json::base64_encode(std::string(kPrefix) + plain);
}

}  // namespace batchd::emulator
