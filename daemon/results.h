// Results on their way into a stream that has begun.
#pragma once

#include <string>

#include "daemon/api.h"
#include "daemon/response.h"

namespace batchd::daemon {

enum class ResultShape : std::uint8_t {
  lines,   // NDJSON: a request object with its cursor per line
  events,  // server-sent events: the cursor is the event's id
};

class ResultWriter {
 public:
  ResultWriter(Exchange& exchange, Engine& engine, ResultShape shape)
      : exchange_(exchange), engine_(engine), shape_(shape) {}
  // One finished request, its response piece by piece. False: the stream is broken. One that was purged meanwhile is
  // left out.
  Task<bool> write(core::RequestView request);

 private:
  Exchange& exchange_;
  Engine& engine_;
  const ResultShape shape_;
};

struct Api::ResultsQuery {
  std::string channel;     // empty: requests without one
  std::int64_t after = 0;  // completion
  core::Duration wait{};
  std::int64_t limit = 0;
  bool events = false;
};

}  // namespace batchd::daemon
