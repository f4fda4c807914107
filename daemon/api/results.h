// Writes results into a stream that has begun, and checks cursors into them. No text in a result ends a line for any
// reader, and each line and event has one whole JSON object.
#pragma once

#include <optional>
#include <string>

#include "daemon/api/reply.h"
#include "daemon/api/response.h"
#include "proto/cursor.h"

namespace batchd::daemon {

enum class ResultShape : std::uint8_t {
  lines,   // NDJSON: each line is a request object with its cursor
  events,  // server-sent events: the cursor is the event's id
};

class ResultWriter {
 public:
  ResultWriter(Exchange& exchange, Engine& engine, ResultShape shape)
      : exchange_(exchange), engine_(engine), shape_(shape) {}
  // Writes one finished request, with its response piece by piece, or with an error if the stored response is damaged.
  // Leaves out a request that was purged meanwhile. Returns false if the stream can't go on.
  Task<bool> write(core::RequestView request);

 private:
  Task<ResponseWritten> write_succeeded(const core::RequestView& request, proto::RequestForm form, std::string prefix);
  std::string_view end() const { return shape_ == ResultShape::events ? "\n\n" : "\n"; }  // of a result

  Exchange& exchange_;
  Engine& engine_;
  const ResultShape shape_;
};

// Returns nullopt if the cursor is of this database and its completion has happened, else a problem.
Task<std::optional<Problem>> check_cursor(Engine& engine, const proto::Cursor& cursor);

}  // namespace batchd::daemon
