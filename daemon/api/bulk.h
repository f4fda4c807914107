// POST /v1/requests with JSON lines: a whole file of requests in one call, with bounded memory. The client names the
// group. A line is identified by its group and its number, so after an interrupted upload the client just sends the
// file again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/provider.h"
#include "daemon/api/body_spool.h"
#include "daemon/engine/engine.h"
#include "daemon/http/http_server.h"
#include "proto/api/api.h"
#include "proto/api/file_form.h"
#include "proto/json/digest.h"

namespace batchd::daemon {

// Returns true for POST /v1/requests with JSON lines, the only call whose body may be chunked.
bool is_bulk(const RequestHead& head);

Task<void> submit_bulk(Exchange& exchange, Engine& engine);

// What the query parameters say; it applies to every line.
struct BulkOptions {
  proto::Submission submission;  // its model and endpoint are the lane's
  core::Lane lane;
  const core::RequestRules* rules = nullptr;  // of the lane
  std::string group;
  std::string deadline;  // as the caller wrote it: it is part of the line digest
};
// Reads the query parameters into `options`. Returns the problem if one is missing or invalid.
std::optional<proto::Problem> read_bulk_options(const RequestHead& head, Engine& engine, BulkOptions& options);

// Stores the lines of a bulk submission in pieces of about a chunk or kGroupLinesMax lines. A spooled body that no
// request adopts is discarded by end_line() for a faulty line, by settle() for a line that the store knows already or
// refuses, and by drop() for all other lines.
class BulkIntake {
 public:
  BulkIntake(Engine& engine, core::OwnerId owner, BulkOptions options);

  Task<core::Result<std::string>> read_body(Exchange& exchange) { return spool_.read_body(exchange); }
  proto::Problem problem_of_body(const core::Error& error) const { return spool_.problem_of_body(error); }
  // Takes the next piece of the body. What is due is stored before this returns, so no more of the body is read
  // meanwhile. Returns the problem that ends the submission, if any: one of them is a file that is in another form.
  Task<std::optional<proto::Problem>> take(std::string_view piece);
  Task<std::optional<proto::Problem>> finish();  // call at the end of the body: its last line may lack the newline
  Task<void> drop();                             // discards the lines that aren't accepted yet
  const proto::BulkReport& report() const { return report_; }

 private:
  // The line that is being read.
  struct Line {
    explicit Line(const core::RequestRules& rules) : reader(rules) {}
    proto::SubmissionReader reader;
    json::Sha256 digest;  // over the request's bytes
    core::NewRequest request;
    std::int64_t bytes = 0;  // length of the request
  };

  void feed(std::string_view fragment);
  Task<std::optional<proto::Problem>> end_line();
  Task<std::optional<proto::Problem>> submit();  // stores the pending lines
  Task<void> settle(const std::vector<core::LineAccepted>& answers);

  Engine& engine_;
  const core::OwnerId owner_;
  const BulkOptions options_;
  const std::optional<core::WallTime> deadline_;
  proto::FileForm form_;
  BodySpool spool_;
  proto::BulkReport report_;
  std::int64_t number_ = 1;  // of the line that is being read, from 1
  bool blank_ = true;        // that line has only white space so far
  bool faulty_ = false;      // the rest of that line is skipped
  std::optional<Line> line_;
  std::vector<core::GroupLine> pending_;
  std::int64_t pending_bytes_ = 0;
};

}  // namespace batchd::daemon
