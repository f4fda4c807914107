#include "proto/api/labels.h"

#include <set>

#include "core/limits.h"
#include "proto/control_document.h"
#include "proto/json/write.h"

namespace batchd::proto {

std::size_t labels_text_bytes_max() {
  // Every byte may be escaped in six bytes; the 6 are four quotes, colon and comma.
  return core::kLabelsMax * (2 * 6 * core::kLabelBytesMax + 6) + 2;
}

std::optional<std::string> parse_labels(std::string_view text) {
  if (!text.starts_with('{')) return std::nullopt;
  const auto document = ControlDocument::parse(text);
  if (!document || document->root().MemberCount() > core::kLabelsMax) return std::nullopt;
  std::string labels;
  json::Writer w(labels);
  std::set<std::string_view> names;
  w.begin_object();
  for (const auto& label : document->root().GetObject()) {
    if (!label.value.IsString()) return std::nullopt;
    const std::string_view name(label.name.GetString(), label.name.GetStringLength());
    const std::string_view value(label.value.GetString(), label.value.GetStringLength());
    if (name.empty() || name.size() > core::kLabelBytesMax || value.size() > core::kLabelBytesMax) return std::nullopt;
    if (!names.insert(name).second) return std::nullopt;
    w.key(name);
    w.string(value);
  }
  w.end_object();
  if (names.empty()) labels.clear();
  return labels;
}

}  // namespace batchd::proto
