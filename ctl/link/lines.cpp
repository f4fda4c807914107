#include "ctl/link/lines.h"

#include "proto/json/lines.h"

namespace batchd::ctl {

bool LineSink::take(std::string_view fragment) {
  bool more = true;
  json::LineSplitter().feed(
      fragment, [&](std::string_view part) { line_ += part; },
      [&] {
        if (line_.ends_with('\r')) line_.pop_back();
        more = more && on_line_(line_);
        line_.clear();
      });
  return more;
}

EventSink::EventSink(OnEvent on_event)
    : on_event_(std::move(on_event)), lines_([this](const std::string& text) { return line(text); }) {}

void EventSink::begin(std::optional<std::uint64_t> total) {
  event_ = {};
  has_data_ = false;
  lines_.begin(total);
}

bool EventSink::line(std::string_view line) {
  if (line.empty()) {
    const bool more = !has_data_ || on_event_(event_);
    event_.data.clear();
    has_data_ = false;
    return more;
  }
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "id") event_.id = value;
  if (name == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  }
  return true;
}

}  // namespace batchd::ctl
