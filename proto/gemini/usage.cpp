#include "proto/gemini/usage.h"

#include <charconv>

namespace batchd::proto {
namespace {

constexpr std::size_t kDigitsMax = 12;  // a longer number is no plausible count
constexpr std::size_t kCountBytesMax = kDigitsMax + 2;

}  // namespace

void CountSlot::begin() {
  ++times_;
  whole_ = true;
  kept_.clear();
}

void CountSlot::feed(std::string_view fragment) {
  whole_ = whole_ && kept_.size() + fragment.size() <= kCountBytesMax;
  if (whole_) kept_ += fragment;
}

std::optional<std::int64_t> CountSlot::number() const {
  if (times_ != 1 || !whole_) return std::nullopt;
  std::string_view digits = kept_;
  if (digits.size() > 2 && digits.front() == '"' && digits.back() == '"') digits = digits.substr(1, digits.size() - 2);
  if (digits.empty() || digits.size() > kDigitsMax || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  std::int64_t count = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return count;
}

void UsageScan::begin() {
  good_ = true;
  wanted_ = false;
  count_ = {};
  scan_.emplace(static_cast<json::MemberHandler&>(*this));
}

std::optional<std::int64_t> UsageScan::end() { return good_ && scan_->finish() ? count_.number() : std::nullopt; }

void UsageScan::member(std::string_view name, std::uint64_t) {
  wanted_ = name == "promptTokenCount";
  if (wanted_) count_.begin();
}

void UsageScan::value(std::string_view fragment) {
  if (wanted_) count_.feed(fragment);
}

void PromptTokenScan::begin() {
  good_ = true;
  which_ = Which::none;
  usages_ = 0;
  usage_count_.reset();
  token_count_ = {};
  scan_.emplace(static_cast<json::MemberHandler&>(*this));
}

std::optional<std::int64_t> PromptTokenScan::end() {
  if (!good_ || !scan_->finish() || usages_ > 1) return std::nullopt;
  return usages_ == 1 ? usage_count_ : token_count_.number();
}

void PromptTokenScan::member(std::string_view name, std::uint64_t) {
  which_ = name == "usageMetadata" ? Which::usage : name == "tokenCount" ? Which::token_count : Which::none;
  if (which_ == Which::usage) {
    ++usages_;
    usage_.begin();
  }
  if (which_ == Which::token_count) token_count_.begin();
}

void PromptTokenScan::value(std::string_view fragment) {
  if (which_ == Which::usage) usage_.feed(fragment);
  if (which_ == Which::token_count) token_count_.feed(fragment);
}

void PromptTokenScan::end_value(std::uint64_t) {
  if (which_ == Which::usage) usage_count_ = usage_.end();
}

}  // namespace batchd::proto
