// Splits streamed answers into lines of NDJSON or server-sent events.
#pragma once

#include <functional>
#include <string>

#include "ctl/link/body.h"

namespace batchd::ctl {

// Passes on whole lines only: a line that a broken connection cut off is dropped.
class LineSink : public BodySink {
 public:
  using OnLine = std::function<bool(const std::string& line)>;  // returns false to stop
  explicit LineSink(OnLine on_line) : on_line_(std::move(on_line)) {}

  void begin(std::optional<std::uint64_t>) override { line_.clear(); }
  bool take(std::string_view fragment) override;

 private:
  OnLine on_line_;
  std::string line_;
};

struct Event {
  std::string id, data;
};

// Reads text/event-stream: the fields `id` and `data`; comments and other fields are skipped.
class EventSink : public BodySink {
 public:
  using OnEvent = std::function<bool(const Event& event)>;  // returns false to stop
  explicit EventSink(OnEvent on_event);

  void begin(std::optional<std::uint64_t> total) override;
  bool take(std::string_view fragment) override { return lines_.take(fragment); }

 private:
  bool line(std::string_view line);

  OnEvent on_event_;
  Event event_;
  bool has_data_ = false;
  LineSink lines_;
};

}  // namespace batchd::ctl
