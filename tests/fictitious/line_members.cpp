#include "tests/fictitious/line_members.h"

#include <algorithm>
#include <charconv>

#include "core/check.h"
#include "core/limits.h"

namespace batchd::fictitious {
namespace {

constexpr std::size_t kKeptBytesMax = core::kProviderErrorBytesMax;

}  // namespace

std::string LineMembers::Found::text() const {
  std::string text;
  return given() && whole() && json::unescape(kept, text) ? text : "";
}

std::optional<std::int64_t> LineMembers::Found::number() const {
  std::int64_t value = 0;
  const auto* last = kept.data() + kept.size();
  const auto [end, error] = std::from_chars(kept.data(), last, value);
  return given() && whole() && error == std::errc{} && end == last ? std::optional(value) : std::nullopt;
}

void LineMembers::begin() {
  for (auto& found : found_) {
    found.times = 0;
    found.offset = found.bytes = 0;
    found.kept.clear();
    if (found.inside != nullptr) found.inside->begin();
  }
  now_ = nullptr;
  intact_ = true;
  scan_.emplace(handler());
}

const LineMembers::Found& LineMembers::at(std::string_view name) const {
  const auto found = std::ranges::find(found_, name, &Found::name);
  CHECK(found != found_.end());
  return *found;
}

void LineMembers::member(std::string_view name, std::uint64_t value_offset) {
  const auto found = std::ranges::find(found_, name, &Found::name);
  now_ = found == found_.end() ? nullptr : &*found;
  if (now_ == nullptr) return;
  ++now_->times;
  now_->offset = static_cast<std::int64_t>(value_offset);
  now_->bytes = 0;
  now_->kept.clear();
  if (now_->inside != nullptr) now_->inside->begin();
}

void LineMembers::value(std::string_view fragment) {
  if (now_ == nullptr) return;
  now_->bytes += static_cast<std::int64_t>(fragment.size());
  now_->kept += fragment.substr(0, kKeptBytesMax - now_->kept.size());
  if (now_->inside != nullptr) now_->inside->feed(fragment);
}

void LineMembers::end_value(std::uint64_t) { now_ = nullptr; }

std::optional<core::WireKey> wire_key_in(const LineMembers::Found& member) {
  const auto text = member.text();
  return text.empty() ? std::nullopt : core::parse_wire_key(text);
}

}  // namespace batchd::fictitious
