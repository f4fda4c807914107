#include "proto/gemini/pages.h"

#include "proto/dialogue.h"
#include "proto/gemini/job.h"
#include "proto/gemini/names.h"
#include "proto/json/digest.h"

namespace batchd::proto {
namespace {

constexpr int kPagesMax = 10'000;  // of 100 things: far beyond what a project can have
constexpr std::size_t kPageTokenBytesMax = 4096;

}  // namespace

Pages::Pages(const std::string& version, const std::string& collection)
    : target_("/" + version + "/" + collection + "?pageSize=100") {}

core::HttpCall Pages::call(const std::string& token) const {
  auto call = json_call("GET", token.empty() ? target_ : target_ + "&pageToken=" + escape_segment(token));
  call.left_out = kInlineResults;
  return call;
}

bool Pages::may_follow(const std::string& token) {
  return seen_.insert(json::sha256(token)).second && ++pages_ < kPagesMax;
}

std::optional<std::string> next_page(const JsonValue& page) {
  if (member(&page, "error") != nullptr) return std::nullopt;
  const auto* unreachable = member(&page, "unreachable");
  if (unreachable != nullptr && !(unreachable->IsArray() && unreachable->Empty())) return std::nullopt;
  const auto* next = member(&page, "nextPageToken");
  if (next == nullptr) return std::string();
  auto token = text_member(&page, "nextPageToken");
  if (!next->IsString() || token.size() > kPageTokenBytesMax) return std::nullopt;
  return token;
}

}  // namespace batchd::proto
