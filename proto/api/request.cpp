#include "proto/api/request.h"

#include <algorithm>

#include "core/limits.h"

namespace batchd::proto {
namespace {

constexpr std::int64_t kTokensPerMedia = 258;  // one image tile; all other media cost more
constexpr std::int64_t kTextBytesPerToken = 4;

}  // namespace

bool RequestBytes::append(std::string_view fragment, std::string& out) {
  bytes_ += std::ssize(fragment);
  if (bytes_ > core::kRequestBytesMax) return false;
  const auto start = out.size();
  out += fragment;
  // Raw newlines can only stand outside of strings, where they mean nothing.
  for (const char newline : {'\n', '\r'})
    for (auto at = out.find(newline, start); at != std::string::npos; at = out.find(newline, at + 1)) out[at] = ' ';
  return true;
}

std::string too_large_request() { return "a request has at most " + std::to_string(core::kRequestBytesMax) + " bytes"; }

std::int64_t estimate_tokens(const json::TextCensus& census, std::int64_t other_text_bytes) {
  const auto text = std::max<std::int64_t>(static_cast<std::int64_t>(census.text_bytes) - other_text_bytes, 0);
  return text / kTextBytesPerToken + kTokensPerMedia * static_cast<std::int64_t>(census.media_parts) + 1;
}

}  // namespace batchd::proto
