#include "core/http.h"

#include <algorithm>

namespace batchd::core {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view HttpEvent::header(std::string_view name) const {
  for (const auto& header : headers)
    if (std::ranges::equal(header.name, name, {}, lower, lower)) return header.value;
  return {};
}

}  // namespace batchd::core
