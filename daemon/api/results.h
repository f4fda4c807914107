// Results on their way into a stream that has begun, and cursors into them.
#pragma once

#include <optional>
#include <string>

#include "daemon/api/reply.h"
#include "daemon/api/response.h"
#include "proto/cursor.h"

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

// Returns nothing if the cursor is of this database and its completion has happened, else a problem.
Task<std::optional<Problem>> check_cursor(Engine& engine, const proto::Cursor& cursor);

}  // namespace batchd::daemon
