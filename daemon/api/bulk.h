// POST /v1/requests with JSON lines: a whole file of requests in one call, with bounded memory. The client names the
// group; a line's number in it says which it is, so that a cut upload is simply sent again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/body_spool.h"
#include "daemon/engine/engine.h"
#include "daemon/http/http_server.h"
#include "proto/api/api.h"
#include "proto/json/digest.h"

namespace batchd::daemon {

// Returns true for POST /v1/requests with JSON lines, the only call whose body may be chunked.
bool is_bulk(const RequestHead& head);

Task<void> submit_bulk(Exchange& exchange, Engine& engine);

// What the parameters say of every line.
struct BulkOptions {
  proto::Submission submission;
  std::string group;
  std::string deadline;  // as the caller wrote it: it is part of what a line stands for
};
std::optional<proto::Problem> read_bulk_options(const RequestHead& head, Engine& engine, BulkOptions& options);

// The lines on their way into the store, in pieces of about a chunk or kGroupLinesMax. Every stage that isn't adopted
// is discarded by whoever finds that out: settle() for lines the store knows, drop() for the rest.
class BulkIntake {
 public:
  BulkIntake(Engine& engine, core::OwnerId owner, BulkOptions options);

  Task<core::Result<std::string>> read_body(Exchange& exchange) { return spool_.read_body(exchange); }
  proto::Problem problem_of_body(const core::Error& error) const { return spool_.problem_of_body(error); }
  // Returns when the store has taken what was complete: until then no more of the body is read.
  Task<std::optional<proto::Problem>> take(std::string_view piece);
  Task<std::optional<proto::Problem>> finish();  // the last line may lack its newline
  Task<void> drop();                             // what isn't accepted yet
  const proto::BulkReport& report() const { return report_; }

 private:
  // Of the line that is being read.
  struct Line {
    proto::SubmissionReader reader{proto::SubmissionReader::Form::line};
    json::Sha256 digest;  // of the request's bytes
    core::NewRequest request;
    std::int64_t bytes = 0;  // of the request
  };

  void feed(std::string_view fragment);
  Task<std::optional<proto::Problem>> end_line();
  Task<std::optional<proto::Problem>> submit();  // what is pending
  Task<void> settle(const std::vector<core::LineAccepted>& answers);

  Engine& engine_;
  const core::OwnerId owner_;
  const BulkOptions options_;
  const std::optional<core::WallTime> deadline_;
  BodySpool spool_;
  proto::BulkReport report_;
  std::int64_t number_ = 1;  // of the line at hand
  bool blank_ = true;        // so far it has nothing but white space
  bool faulty_ = false;      // its rest passes by
  std::optional<Line> line_;
  std::vector<core::GroupLine> pending_;
  std::int64_t pending_bytes_ = 0;
};

}  // namespace batchd::daemon
